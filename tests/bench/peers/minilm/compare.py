#!/usr/bin/env python3
"""Embeds the same movie texts with embedder/minilm and with onnxruntime, in turns, and prints one
table. README.md has the whole command. Both sides tokenize, run the model in float32 on the same
number of threads, pool and scale to unit length.

onnxruntime gets what suits it best: batches of texts of like length, padded to the longest, and
of all batch sizes and of the model as exported and with its attention, GELU and layer norms fused
by onnxruntime.transformers (where the package onnx is installed) the combination that is fastest
in a warm-up."""
import argparse
import gzip
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime
import tokenizers


def movie_texts(path, count):
    """Composes title, genres and plot of movies that have a plot, spread over the file."""
    texts = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            movie = json.loads(line)
            if movie.get("overview"):
                texts.append(f"{movie['title']}. {', '.join(movie['genres'])}. {movie['overview']}")
    return texts[:: max(1, len(texts) // count)][:count]


class Peer:
    """onnxruntime with one model file and one size of batch."""

    def __init__(self, model, tokenizer, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.output = self.session.get_outputs()[0].name
        self.tokenizer = tokenizer
        self.batch = 8

    def embed(self, texts):
        ids = [e.ids for e in self.tokenizer.encode_batch(texts)]
        order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        vectors = np.empty((len(ids), 384), dtype=np.float32)
        for first in range(0, len(order), self.batch):
            rows = order[first : first + self.batch]
            width = len(ids[rows[0]])
            tokens = np.zeros((len(rows), width), dtype=np.int64)
            mask = np.zeros_like(tokens)
            for r, i in enumerate(rows):
                tokens[r, : len(ids[i])] = ids[i]
                mask[r, : len(ids[i])] = 1
            feed = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
            hidden = self.session.run([self.output], feed)[0]
            mean = (hidden * mask[:, :, None].astype(np.float32)).sum(axis=1)
            vectors[rows] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return vectors


def best_peer(model, tokenizer, threads, sample):
    """Tries every combination on sample and returns the fastest Peer and its name."""
    best = None
    with tempfile.TemporaryDirectory() as folder:
        for name, path in [("as exported", model), ("fused", fuse(model, folder))]:
            if path is None:
                continue
            peer = Peer(path, tokenizer, threads)
            for batch in (1, 2, 4, 8, 16, 32):
                peer.batch = batch
                seconds = min(timed(peer.embed, sample)[1] for _ in range(2))
                if best is None or seconds < best[0]:
                    best = (seconds, peer, batch, name)
    _, peer, batch, name = best
    peer.batch = batch
    return peer, f"batch {batch}, {name}"


def fuse(model, folder):
    try:
        from onnxruntime.transformers import optimizer
    except ImportError:
        return None
    path = os.path.join(folder, "fused.onnx")
    optimizer.optimize_model(model, model_type="bert", num_heads=12, hidden_size=384, opt_level=0).save_model_to_file(path)
    return path


def cpu_seconds(pid):
    """CPU time of a process so far; 0 where the system does not tell."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
            user, system = f.read().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


def timed(work, *args):
    start = time.perf_counter()
    result = work(*args)
    return result, time.perf_counter() - start


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--ours", required=True, help="binary of tests/bench/peers/minilm")
    flags.add_argument("--model", required=True, help="folder with model.safetensors and vocab.txt")
    flags.add_argument("--onnx", required=True, help="all-minilm-l6-v2.onnx, float32")
    flags.add_argument("--tokenizer", required=True, help="tokenizer.json of the model")
    flags.add_argument("--movies", required=True, help="ml-latest-small-metadata.jsonl.gz")
    flags.add_argument("--texts", type=int, default=500)
    flags.add_argument("--rounds", type=int, default=5)
    flags.add_argument("--threads", type=int, default=2)
    flags.add_argument("--kernel", default="", help="kernel path of ours: avx512, avx2 or go; default the best")
    flags.add_argument("--least", type=float, default=0, help="fail below this ratio of ours to onnxruntime, median of the rounds")
    args = flags.parse_args()

    tokenizer = tokenizers.Tokenizer.from_file(args.tokenizer)
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=256)
    texts = movie_texts(args.movies, args.texts)
    lengths = [len(e.ids) for e in tokenizer.encode_batch(texts)]
    peer, how = best_peer(args.onnx, tokenizer, args.threads, texts[:: max(1, len(texts) // 120)])

    with tempfile.TemporaryDirectory() as folder:
        listing, written = os.path.join(folder, "texts.jsonl"), os.path.join(folder, "vectors")
        with open(listing, "w", encoding="utf-8") as out:
            out.writelines(json.dumps(t) + "\n" for t in texts)
        command = [args.ours, "-model", args.model, "-texts", listing, "-vectors", written]
        command += ["-kernel", args.kernel] if args.kernel else []
        env = dict(os.environ, GOMAXPROCS=str(args.threads))
        ours = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)

        def ask():
            before = cpu_seconds(ours.pid)
            ours.stdin.write("\n")
            ours.stdin.flush()
            answer = json.loads(ours.stdout.readline())
            answer["cpu"] = cpu_seconds(ours.pid) - before
            return answer

        ask(), peer.embed(texts)  # warm both
        rounds, theirs = [], []
        for _ in range(args.rounds):
            rounds.append(ask())
            before = time.process_time()
            vectors, seconds = timed(peer.embed, texts)
            theirs.append({"seconds": seconds, "cpu": time.process_time() - before})
        ours.stdin.close()
        if ours.wait() != 0:
            raise SystemExit("ours failed")
        mine = np.fromfile(written, dtype="<f4").reshape(len(texts), -1)

    cosine = (mine.astype(np.float64) * vectors).sum(axis=1).min()
    ratio = report(texts, lengths, args, how, rounds, theirs, cosine)
    if cosine < 0.9999:
        raise SystemExit(f"cosine {cosine} with onnxruntime, want 0.9999")
    if ratio < args.least:
        raise SystemExit(f"{ratio:.2f} of onnxruntime's texts a second, want {args.least}")


def report(texts, lengths, args, how, rounds, theirs, cosine):
    # Multiplications and additions of the matrix products: 6 layers of weights for each token, and
    # attention's two products for each pair of tokens.
    flop = sum(6 * (2 * n * (4 * 384 * 384 + 2 * 384 * 1536) + 4 * n * n * 384) for n in lengths)
    rates = [(len(texts) / r["seconds"], len(texts) / s["seconds"]) for r, s in zip(rounds, theirs)]
    print(f"{len(texts)} texts, {np.mean(lengths):.0f} tokens on average, {args.threads} threads, {args.rounds} rounds in turns")
    print(f"{'':24}{'texts/s':>10}{'best':>8}{'GFLOP/s':>9}{'CPU ms/text':>13}{'peak MB':>9}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    sides = [(f"ours, {rounds[0]['path']}", 0, rounds, rounds[-1]["peak_mb"]), (f"onnxruntime {onnxruntime.__version__}", 1, theirs, peak)]
    for name, column, runs, memory in sides:
        rate = [r[column] for r in rates]
        middle = statistics.median(rate)
        print(f"{name:24}{middle:10.1f}{max(rate):8.1f}{middle * flop / len(texts) / 1e9:9.0f}{statistics.median(r['cpu'] for r in runs) * 1000 / len(texts):13.1f}{memory:9.0f}")
    ratios = sorted(a / b for a, b in rates)
    print(f"ours / onnxruntime, round by round: median {statistics.median(ratios):.2f}, {ratios[0]:.2f} to {ratios[-1]:.2f}; of the best rounds {max(r[0] for r in rates) / max(r[1] for r in rates):.2f}")
    print(f"onnxruntime: {how}; least cosine between the two: 1 - {max(0, 1 - cosine):.1e}")
    return statistics.median(ratios)


main()
