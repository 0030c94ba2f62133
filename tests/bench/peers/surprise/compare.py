#!/usr/bin/env python3
"""Trains our models of ratings and scikit-surprise's on the same files at the same parameters, in
turns, and prints one table. README.md has the whole command."""
import argparse
import json
import statistics
import subprocess
import sys
import time
import typing

from surprise import SVD, Dataset, KNNWithMeans, Reader, SVDpp, accuracy


class Files(Dataset):
    """The two files of a split."""

    def __init__(self, folder):
        super().__init__(Reader(rating_scale=(0.5, 5)))
        rows = {name: self.read(f"{folder}/{name}.tsv") for name in ("train", "test")}
        self.train = self.construct_trainset(rows["train"])
        self.test = [row[:3] for row in rows["test"]]

    @staticmethod
    def read(path):
        with open(path, encoding="utf-8") as lines:
            split = (line.rstrip("\n").split("\t") for line in lines)
            return [(user, item, float(rating), at) for user, item, rating, at in split]


class Ours:
    """The Go program, which answers a job a line."""

    def __init__(self, path, folder):
        self.process = subprocess.Popen([path, "judge", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def judge(self, kind, settings):
        self.process.stdin.write(json.dumps({"kind": kind, "settings": settings}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"ours gave no answer for {kind} {settings}")
        return json.loads(line)


def theirs(algorithm, files):
    start = time.perf_counter()
    algorithm.fit(files.train)
    seconds = time.perf_counter() - start
    predictions = algorithm.test(files.test)
    return {"rmse": accuracy.rmse(predictions, verbose=False), "mae": accuracy.mae(predictions, verbose=False), "seconds": seconds}


class Case(typing.NamedTuple):
    """One row of the table. settings of ours and peer take a seed."""

    name: str
    kind: str
    settings: typing.Callable[[int], dict]
    peer: typing.Callable[[int], object]
    epochs: int = 0  # 0 for what has neither epochs nor a seed


def factors(name, kind, peer, factors, epochs, rate):
    """The same parameters on both sides. The penalty is for people as they are served, which the
    comparison does not use; with it given, ours is trained once."""
    reg, std = 0.02, 0.1
    return Case(
        name, kind,
        lambda seed: {"factors": factors, "epochs": epochs, "rate": rate, "reg": reg, "init_mean": 0, "init_std": std,
                      "biased": True, "shuffle": False, "fold_reg": 20, "seed": seed},
        lambda seed: peer(n_factors=factors, n_epochs=epochs, lr_all=rate, reg_all=reg, init_std_dev=std, random_state=seed),
        epochs)


def neighbours(name, kind, by_user, settings):
    return Case(
        name, kind,
        lambda seed: {"similarity": "common", "k": 40, "shrink": 0, "history": 0, "least": 1, **settings},
        lambda seed: KNNWithMeans(k=40, sim_options={"name": "cosine", "user_based": by_user}, verbose=False))


def compare(case, seeds, ours, files):
    """Trains both in turns, prints a row, and returns the difference of RMSE."""
    a, b = [], []
    for seed in range(seeds if case.epochs else 1):
        a.append(ours.judge(case.kind, case.settings(seed)))
        b.append(theirs(case.peer(seed), files))
    mean = lambda rows, what: statistics.fmean(r[what] for r in rows)
    difference = mean(a, "rmse") - mean(b, "rmse")
    spread = f"{statistics.stdev(r['rmse'] for r in b):8.4f}" if len(b) > 1 else f"{'':8}"
    mine, his = (statistics.median(r["seconds"] for r in rows) for rows in (a, b))
    row = f"{case.name:9}{mean(a, 'rmse'):7.4f}{mean(b, 'rmse'):10.4f}{difference:+9.4f}{spread}{mean(a, 'mae'):9.4f}{mean(b, 'mae'):10.4f}{mine:8.2f}{his:10.2f}"
    if case.epochs:
        row += f"{1000 * mine / case.epochs:10.1f}{1000 * his / case.epochs:10.1f}{his / mine:7.1f}"
    print(row, flush=True)
    return difference


def served(case, seeds, ours):
    """Prints the RMSE of people who are folded in, at the parameters of the comparison and at ours."""
    for how, settings in ("those parameters", lambda seed: {**case.settings(seed), "fold_reg": 0}), ("our defaults", lambda seed: {"seed": seed}):
        rows = [ours.judge(case.kind, settings(seed)) for seed in range(seeds)]
        rmse, trained = (statistics.fmean(r[what] for r in rows) for what in ("served", "rmse"))
        print(f"{case.name:9}{how:18} RMSE {rmse:.4f}, by trained factors {trained:.4f}, {statistics.median(r['seconds'] for r in rows):.1f} s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ours", required=True, help="binary of tests/bench/peers/surprise")
    parser.add_argument("--folder", required=True, help="of train.tsv and test.tsv")
    parser.add_argument("--only", help="kinds to compare, by commas; default all")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--factors", type=int, default=100, help="of svd")
    parser.add_argument("--epochs", type=int, default=20, help="of svd")
    parser.add_argument("--pp-factors", type=int, default=10, help="of svd++; Surprise's default is 20")
    parser.add_argument("--pp-epochs", type=int, default=10, help="of svd++; Surprise's default is 20")
    parser.add_argument("--most", type=float, default=0.002, help="fail above this difference of RMSE")
    flags = parser.parse_args()

    cases = [
        factors("svd", "svd", SVD, flags.factors, flags.epochs, 0.005),
        factors("svd++", "svdpp", lambda **given: SVDpp(cache_ratings=True, **given), flags.pp_factors, flags.pp_epochs, 0.007),
        neighbours("knn user", "userknn", True, {"people": 0}),
        neighbours("knn item", "itemknn", False, {"neighbors": 10000}),
    ]
    kinds = subprocess.run([flags.ours, "kinds"], check=True, capture_output=True, text=True).stdout.split()
    cases = [c for c in cases if c.kind in (flags.only.split(",") if flags.only else kinds)]
    files, ours = Files(flags.folder), Ours(flags.ours, flags.folder)

    print(f"{files.train.n_ratings} ratings to train on, {len(files.test)} to judge by, mean of {flags.seeds} seeds\n")
    print(f"{'':9}{'RMSE':>7}{'Surprise':>10}{'diff.':>9}{'spread':>8}{'MAE':>9}{'Surprise':>10}{'s':>8}{'Surprise':>10}{'ms/epoch':>10}{'Surprise':>10}{'times':>7}")
    differences = {c.name: compare(c, flags.seeds, ours, files) for c in cases}
    if any(case.epochs for case in cases):
        print("\nours as they are served, people folded in:")
    for case in cases:
        if case.epochs:
            served(case, flags.seeds, ours)
    far = [name for name, difference in differences.items() if not abs(difference) <= flags.most]
    if far:
        sys.exit(f"RMSE differs by more than {flags.most}: {', '.join(far)}")


main()
