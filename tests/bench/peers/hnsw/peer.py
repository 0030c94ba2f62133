"""hnswlib's side of the comparison; main.go beside it calls this."""

import json
import sys
import time

import hnswlib
import numpy


def main():
    folder, dims, k, widths = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4])

    def load(name):
        return numpy.fromfile(f"{folder}/{name}.f32", dtype="<f4")

    vectors = load("vectors").reshape(-1, dims)
    index = hnswlib.Index(space="ip", dim=dims)
    index.init_index(max_elements=len(vectors), ef_construction=200, M=16, random_seed=1)
    started = time.perf_counter()
    index.add_items(vectors)
    print(f"hnswlib builds in {time.perf_counter() - started:.1f} s", file=sys.stderr)
    points = []
    for kind in ("movies", "profiles"):
        queries, edge = load(kind).reshape(-1, dims), load(f"{kind}-edge")
        for ef in widths:
            index.set_ef(ef)
            started = time.perf_counter()
            _, distances = index.knn_query(queries, k=k, num_threads=1)
            seconds = time.perf_counter() - started
            found = (1 - distances >= edge[:, None] - 1e-6).sum()
            points.append({"kind": kind, "ef": ef, "recall": float(found) / (k * len(queries)), "qps": len(queries) / seconds})
    json.dump(points, sys.stdout)


main()
