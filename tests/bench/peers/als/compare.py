"""Holds recommender/model/als against the Python package implicit: see README.md."""
import argparse, csv, json, os, statistics, subprocess, sys

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # implicit's own advice: its threads share out rows
import numpy as np
import scipy.sparse as sparse
from implicit.cpu import _als
from implicit.cpu.als import AlternatingLeastSquares


class Ours:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"our side ended at {line!r}")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            sys.exit("our side failed")


def read(folder):
    shape = json.load(open(f"{folder}/shape.json"))
    parts = [np.fromfile(f"{folder}/{name}", kind) for name, kind in (("values", "<f4"), ("cols", "<i4"), ("starts", "<i8"))]
    return sparse.csr_matrix(tuple(parts), shape=(shape["rows"], shape["columns"]))


def write(folder, m):
    os.makedirs(folder, exist_ok=True)
    for name, values, kind in (("values", m.data, "<f4"), ("cols", m.indices, "<i4"), ("starts", m.indptr, "<i8")):
        values.astype(kind).tofile(f"{folder}/{name}")
    json.dump({"rows": m.shape[0], "columns": m.shape[1], "values": m.nnz}, open(f"{folder}/shape.json", "w"))


def factors(path, dims):
    return [np.fromfile(f"{path}.{side}", "<f4").reshape(-1, dims) for side in ("users", "items")]


def speed(a):
    """Sweeps of both in turns from the same factors; their times and losses."""
    data = os.path.join(a.work, "synthetic")
    subprocess.run([a.ours, "-generate", "-data", data, "-users", str(a.users), "-movies", str(a.movies), "-events", str(a.events)], check=True)
    m = read(data)
    rng = np.random.default_rng(1)
    start = [(rng.random((n, a.dims), dtype=np.float32) * 0.01) for n in m.shape]
    for x, side in zip(start, ("users", "items")):
        x.tofile(f"{a.work}/start.{side}")
    ours = Ours([a.ours, "-data", data, "-dims", str(a.dims), "-regularization", str(a.regularization), "-start", f"{a.work}/start"])
    peer = AlternatingLeastSquares(factors=a.dims, regularization=a.regularization, iterations=a.sweeps, num_threads=a.threads)
    peer.user_factors, peer.item_factors = start
    mine, theirs, ratios = [], [], []
    for _ in range(a.rounds):
        ours_round, peer_round = ours.ask(f"sweep {a.sweeps}")["seconds"], []
        peer.fit(m, show_progress=False, callback=lambda i, seconds, loss: peer_round.append(seconds))
        mine += ours_round
        theirs += peer_round
        ratios.append(sum(peer_round) / sum(ours_round))
    ours.ask(f"write {a.work}/end")
    own = ours.ask("loss")["loss"]
    ours.close()
    # implicit's own function judges both, with its threads; it divides by all weights.
    weight = m.data.sum(dtype=np.float64) + m.shape[0] * m.shape[1] - m.nnz
    judge = lambda users, items: _als.calculate_loss(m, users, items, a.regularization, num_threads=a.threads)
    users, items = factors(f"{a.work}/end", a.dims)
    loss, peer_loss = judge(users, items), judge(peer.user_factors, peer.item_factors)
    print(f"{m.shape[0]} people, {m.shape[1]} movies, {m.nnz} events, {a.dims} factors, {a.rounds} rounds of {a.sweeps} sweeps, {a.threads} threads")
    print(f"{'':12} {'s a sweep':>10} {'range':>16} {'loss':>12}")
    for name, times, value in (("ours", mine, loss), ("implicit", theirs, peer_loss)):
        print(f"{name:12} {statistics.median(times):10.3f} {min(times):7.3f} to {max(times):5.3f} {value:12.8f}")
    ratio, apart = statistics.median(ratios), abs(loss - peer_loss) / peer_loss
    print(f"ratio {ratio:.2f} (rounds {min(ratios):.2f} to {max(ratios):.2f}); losses {100 * apart:.4f}% apart; ours by our own count {own / weight:.8f}")
    return [f"ratio {ratio:.2f}, want {a.least} or more"] * (ratio < a.least) + [f"losses {100 * apart:.3f}% apart, want at most 0.1"] * (not apart <= 0.001)


def split(path):
    """The last fifth of each person's ratings by time, ties by movie, is held out."""
    people, movies = {}, {}
    for row in csv.DictReader(open(path)):
        movie = movies.setdefault(row["movieId"], len(movies))
        people.setdefault(row["userId"], []).append((int(row["timestamp"]), movie, float(row["rating"])))
    rows, cols, values, held = [], [], [], []
    for i, seen in enumerate(people.values()):
        seen.sort()
        n = max(1, len(seen) // 5)
        held.append({movie for _, movie, _ in seen[-n:]})
        for _, movie, rating in seen[:-n]:
            rows.append(i), cols.append(movie), values.append(rating)
    m = sparse.csr_matrix((np.array(values, "f4"), (rows, cols)), shape=(len(people), len(movies)))
    m.sort_indices()
    return m, held


def ndcg(users, items, m, held, k=20):
    scores = users @ items.T
    scores[m.nonzero()] = -np.inf
    total = 0.0
    for row, truth in zip(np.argsort(-scores, axis=1, kind="stable")[:, :k], held):
        gain = sum(1 / np.log2(i + 2) for i, movie in enumerate(row) if movie in truth)
        total += gain / sum(1 / np.log2(i + 2) for i in range(min(k, len(truth))))
    return total / len(held)


def quality(a):
    """NDCG@20 of both on real ratings, at the same parameters, over seeds."""
    path = os.path.join(os.environ.get("MARQUEE_DATA", ""), "ml-latest-small", "ratings.csv")
    if not os.path.exists(path):
        print("quality skipped: set MARQUEE_DATA (the folder of real data)")
        return []
    m, held = split(path)
    data = os.path.join(a.work, "small")
    write(data, m)
    mine, theirs = [], []
    for seed in range(1, a.seeds + 1):
        rng = np.random.default_rng(seed)  # as implicit draws them; both begin there, so that seeds are no noise between them
        start = [(rng.random((n, a.dims), dtype=np.float32) * 0.01) for n in m.shape]
        for x, side in zip(start, ("users", "items")):
            x.tofile(f"{a.work}/small-start.{side}")
        ours = Ours([a.ours, "-data", data, "-dims", str(a.dims), "-regularization", str(a.regularization), "-start", f"{a.work}/small-start"])
        ours.ask("sweep 15")
        ours.ask(f"write {a.work}/small-end")
        ours.close()
        mine.append(ndcg(*factors(f"{a.work}/small-end", a.dims), m, held))
        peer = AlternatingLeastSquares(factors=a.dims, regularization=a.regularization, iterations=15, num_threads=a.threads)
        peer.user_factors, peer.item_factors = start
        peer.fit(m, show_progress=False)
        theirs.append(ndcg(peer.user_factors, peer.item_factors, m, held))
    ours, peers = float(statistics.mean(mine)), float(statistics.mean(theirs))
    print(f"ml-latest-small, last fifth by time, NDCG@20, mean of {len(mine)} seeds: ours {ours:.4f} (spread {max(mine) - min(mine):.4f}), implicit {peers:.4f} (spread {max(theirs) - min(theirs):.4f}), {100 * (ours / peers - 1):+.2f}%")
    return [f"NDCG@20 {ours:.4f} and {peers:.4f}, want ours within 1%"] * (not abs(ours - peers) <= 0.01 * peers)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--ours", required=True, help="our command")
    p.add_argument("--work", required=True, help="folder for files")
    p.add_argument("--users", type=int, default=200_000)
    p.add_argument("--movies", type=int, default=27_000)
    p.add_argument("--events", type=int, default=10_000_000)
    p.add_argument("--dims", type=int, default=64)
    p.add_argument("--regularization", type=float, default=0.05)
    p.add_argument("--rounds", type=int, default=4)
    p.add_argument("--sweeps", type=int, default=2, help="in each round")
    p.add_argument("--threads", type=int, default=os.cpu_count())
    p.add_argument("--seeds", type=int, default=5, help="of the quality on real ratings; 0 leaves it out")
    p.add_argument("--least", type=float, default=0, help="fail below this ratio of speeds")
    a = p.parse_args()
    failed = speed(a) + (quality(a) if a.seeds else [])
    for line in failed:
        print("FAILED:", line)
    sys.exit(1 if failed else 0)


main()
