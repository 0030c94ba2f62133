"""hnswlib's side of the comparison: builds an index, then answers commands of side.go, a line each.

find KIND EF          all queries once; the rows found go to found.i32
time KIND EF PASSES   all queries as often as that, in one call each time, on one thread
"""

import json
import sys
import time

import hnswlib
import numpy


def load(folder, name, dims):
    return numpy.fromfile(f"{folder}/{name}.f32", dtype="<f4").reshape(-1, dims)


def answer(**fields):
    print(json.dumps(fields), flush=True)


def main():
    folder = sys.argv[1]
    dims, k, links, construction = (int(text) for text in sys.argv[2:])
    vectors = load(folder, "vectors", dims)
    queries = {kind: load(folder, kind, dims) for kind in ("movies", "profiles")}
    index = hnswlib.Index(space="ip", dim=dims)
    index.init_index(max_elements=len(vectors), ef_construction=construction, M=links, random_seed=1)
    started, busy = time.perf_counter(), time.process_time()
    index.add_items(vectors)  # on all processors
    answer(seconds=time.perf_counter() - started, processor=time.process_time() - busy, bytes=index.index_file_size())
    del vectors
    index.set_num_threads(1)
    for line in sys.stdin:
        command, kind, ef, *rest = line.split()
        index.set_ef(int(ef))
        if command == "find":
            rows, _ = index.knn_query(queries[kind], k=k, num_threads=1)
            rows.astype("<i4").tofile(f"{folder}/found.i32")
            answer()
        elif command == "time":
            started = time.process_time()  # of this process on all its threads
            for _ in range(int(rest[0])):
                index.knn_query(queries[kind], k=k, num_threads=1)
            answer(seconds=time.process_time() - started)


main()
