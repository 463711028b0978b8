"""Writes fitz-gov's documents as files, its questions as `askd eval` reads them, and a reference's figures.

fitz-gov is a benchmark for retrieval: short texts of many fields, and for each question the ids of those that answer
it. Texts that are there several times are one document here, and so are questions. The reference is bm25s, in Lucene's
manner, over whole documents, with the same stemmer.
"""

import json
import math
import pathlib
import sys
from importlib.util import find_spec

import bm25s
import snowballstemmer

home = pathlib.Path(sys.argv[1])
# Found, not imported: it would want packages that are of no use here.
data = pathlib.Path(find_spec("fitz_gov").submodule_search_locations[0]) / "data"

documents, first, same = {}, {}, {}
for line in (data / "corpus/documents.jsonl").read_text().splitlines():
    document = json.loads(line)
    name = document["id"]
    if name in same:
        continue
    same[name] = first.setdefault(" ".join(document["content"].split()), name)
    if same[name] == name:
        documents[name] = document["content"]

right, foreign = {}, {}
mappings = json.loads((data / "queries/query_mappings.json").read_text())["mappings"]
for category in mappings.values():
    for mapping in category.values():
        question, found = mapping["query"].strip(), mapping["relevant_docs"]
        if found:
            right.setdefault(question, set()).update(same[name] for name in found)
        else:
            foreign[question] = set()
questions = right | {question: none for question, none in foreign.items() if question not in right}

(home / "documents").mkdir()
for name, text in documents.items():
    (home / "documents" / f"{name}.txt").write_text(text + "\n")
with open(home / "questions.jsonl", "w") as out:
    for question, names in questions.items():
        line = {"question": question, "documents": sorted(f"{name}.txt" for name in names)}
        out.write(json.dumps(line) + "\n")

stem = snowballstemmer.stemmer("english").stemWords
tokens = lambda texts: bm25s.tokenize(texts, stopwords=None, stemmer=stem, show_progress=False)
names = list(documents)
index = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
index.index(tokens(list(documents.values())), show_progress=False)
rankings, _ = index.retrieve(tokens(list(right)), k=10, show_progress=False)
ndcg = 0
for ranking, wanted in zip(rankings, right.values()):
    gain = lambda at: 1 / math.log2(at + 2)
    best = sum(gain(at) for at in range(min(10, len(wanted))))
    ndcg += sum(gain(at) for at, found in enumerate(ranking) if names[found] in wanted) / best
figures = {"documents": len(documents), "questions": len(right), "foreign": len(questions) - len(right)}
(home / "reference.json").write_text(json.dumps(figures | {"ndcg_at_10": ndcg / len(right)}) + "\n")
