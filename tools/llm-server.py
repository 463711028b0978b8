"""Serves the small model of the tests: llama.cpp's own HTTP server, on a free port of the loopback.

Usage: llm-server.py MODEL.gguf [embeddings]. With the latter it makes vectors in place of answers. Prints its address, and ends when its standard input does, so that it cannot
outlive whoever started it.
"""

import sys

import xllamacpp

CONTEXT_TOKENS = 4096
ANSWERS_AT_ONCE = 2
THREADS = 2

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames = ["127.0.0.1"]
params.port = 0
if sys.argv[2:] == ["embeddings"]:
    params.embedding = True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
params.n_ctx = CONTEXT_TOKENS
params.n_parallel = ANSWERS_AT_ONCE
params.cpuparams.n_threads = THREADS
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
