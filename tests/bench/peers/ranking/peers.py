"""Makes lists with other people's recommenders on a split, for `marquee eval run --lists NAME=FILE`.

Reads TRAIN and TEST, lines of user, item, rating, time between tabs, and writes for each model a file
NAME.tsv of lines of user and item, best first within a user, for the users of TEST that TRAIN has, without
what they watched in TRAIN. Models whose package is absent are skipped with a message. Prints a table.
"""
import argparse
import contextlib
import importlib.metadata
import importlib.util
import math
import os
import sys
import time
import warnings
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # implicit shares out rows by itself, and its BLAS must not as well

MODELS = {}  # name -> (package or None, maker of lists)


def peer(name, package):
    def register(make):
        MODELS[name] = (package, make)
        return make
    return register


class Split:
    """The rows of TRAIN and TEST; users and items of TRAIN are counted from 0 in the order of their ids."""

    def __init__(self, train, test):
        import numpy as np
        import scipy.sparse as sp
        self.train, self.test = read(train), read(test)
        if not self.train or not self.test:
            sys.exit(f"peers: {train} holds {len(self.train)} rows and {test} {len(self.test)}, want some of both")
        self.users = sorted({r[0] for r in self.train})
        self.items = sorted({r[1] for r in self.train})
        self.user = {u: i for i, u in enumerate(self.users)}
        self.item = {m: i for i, m in enumerate(self.items)}
        rows = [self.user[r[0]] for r in self.train]
        columns = [self.item[r[1]] for r in self.train]
        shape = (len(self.users), len(self.items))
        self.seen = sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
        self.seen.sum_duplicates()
        self.seen.data[:] = 1
        self.seen.sort_indices()
        self.truth = {}
        for u, m, *_ in self.test:
            self.truth.setdefault(u, set()).add(m)
        self.ask = sorted(u for u in self.truth if u in self.user)  # users who get a list

    def lists(self, scores_of, most):
        """Lists of the users asked for, by scores_of(rows of users) -> [rows x items]."""
        import numpy as np
        out = {}
        for start in range(0, len(self.ask), 500):
            people = self.ask[start:start + 500]
            rows = np.array([self.user[u] for u in people])
            scores = np.asarray(scores_of(rows), dtype=np.float64).copy()
            for i, r in enumerate(rows):
                scores[i, self.seen.indices[self.seen.indptr[r]:self.seen.indptr[r + 1]]] = -np.inf
            for u, s in zip(people, scores):
                best = np.argsort(-s, kind="stable")[:most]
                out[u] = [self.items[m] for m in best if np.isfinite(s[m])]
        return out


def read(path):
    rows = []
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            fields = line.rstrip("\r\n").split("\t")
            if fields == [""]:
                continue
            if len(fields) < 4:
                sys.exit(f"peers: {path}, line {number}: {len(fields)} fields, want user, item, rating, time between tabs")
            try:
                rows.append((fields[0], fields[1], float(fields[2] or "nan"), fields[3]))
            except ValueError:
                if number > 1:  # the first line may name the columns
                    sys.exit(f"peers: {path}, line {number}: rating {fields[2]!r} is no number")
    return rows


@peer("implicit-als", "implicit")
def implicit_als(split, o):
    from implicit.cpu.als import AlternatingLeastSquares
    model = AlternatingLeastSquares(factors=o.factors, regularization=o.regularization, alpha=o.alpha, iterations=o.iterations,
                                    random_state=o.seed, num_threads=o.threads)
    model.fit(split.seen, show_progress=False)
    return split.lists(lambda rows: model.user_factors[rows] @ model.item_factors.T, o.most)


def implicit_neighbours(kind, split, o, **settings):
    import implicit.nearest_neighbours as nn
    model = getattr(nn, kind)(K=o.neighbours, num_threads=o.threads, **settings)
    model.fit(split.seen, show_progress=False)
    return split.lists(lambda rows: (split.seen[rows] @ model.similarity).toarray(), o.most)


@peer("implicit-cosine", "implicit")
def implicit_cosine(split, o):
    return implicit_neighbours("CosineRecommender", split, o)


@peer("implicit-bm25", "implicit")
def implicit_bm25(split, o):
    return implicit_neighbours("BM25Recommender", split, o, K1=1.2, B=0.75)


def lenskit_lists(scorer, split, o):
    import pandas as pd
    from lenskit.batch import recommend
    from lenskit.data import from_interactions_df
    from lenskit.pipeline import topn_pipeline
    columns = ["user_id", "item_id"]
    data = from_interactions_df(pd.DataFrame([r[:2] for r in split.train], columns=columns).drop_duplicates())
    pipe = topn_pipeline(scorer)
    pipe.train(data)
    found = recommend(pipe, split.ask, n=o.most, n_jobs=1)
    out = {}
    for key, items in found.items():
        out[str(key.user_id)] = [str(m) for m in items.ids()]
    return out


@peer("lenskit-itemknn", "lenskit")
def lenskit_itemknn(split, o):
    from lenskit.knn import ItemKNNScorer
    return lenskit_lists(ItemKNNScorer(max_nbrs=o.neighbours, feedback="implicit"), split, o)


@peer("lenskit-als", "lenskit")
def lenskit_als(split, o):
    from lenskit.als import ImplicitMFScorer
    from lenskit.random import set_global_rng
    set_global_rng(o.seed)
    return lenskit_lists(ImplicitMFScorer(embedding_size=o.factors, epochs=o.iterations, regularization=o.regularization,
                                          weight=o.alpha), split, o)


@peer("lenskit-popular", "lenskit")
def lenskit_popular(split, o):
    from lenskit.basic import PopScorer
    return lenskit_lists(PopScorer(), split, o)


@peer("recbole-ease", "recbole")
def recbole_ease(split, o):
    """The model of recbole on its own data set class, which reads files of its own format."""
    import logging
    import numpy as np
    import torch
    for old, new in (("float_", np.float64), ("complex_", np.complex128), ("unicode_", np.str_)):
        if not hasattr(np, old):  # recbole 1.2.1 asks for names that numpy 2 has no more
            setattr(np, old, new)
    from recbole.config import Config
    from recbole.data import create_dataset
    from recbole.model.general_recommender import EASE
    folder = Path(o.out) / "recbole" / "split"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "split.inter", "w", encoding="utf-8") as f:
        f.write("user_id:token\titem_id:token\n")
        f.writelines(f"{u}\t{m}\n" for u, m, *_ in split.train)
    settings = {"data_path": str(folder.parent), "load_col": {"inter": ["user_id", "item_id"]}, "reg_weight": o.ridge,
                "use_gpu": False, "save_dataset": False, "show_progress": False, "state": "ERROR"}
    argv, sys.argv = sys.argv, sys.argv[:1]  # recbole reads the command line too
    try:
        config = Config(model="EASE", dataset="split", config_dict=settings)
        logging.disable(logging.INFO)
        data = create_dataset(config)
        model = EASE(config, data)
    finally:
        sys.argv = argv
    items = data.token2id(data.iid_field, split.items)

    def scores_of(rows):
        users = torch.as_tensor(data.token2id(data.uid_field, [split.users[r] for r in rows]))
        flat = model.full_sort_predict({model.USER_ID: users}).numpy()
        return flat.reshape(len(rows), -1)[:, items]
    return split.lists(scores_of, o.most)


@peer("ease-numpy", "numpy")
def ease_numpy(split, o):
    """The closed form of Steck's paper in float64, written here: what every other EASE must equal."""
    import numpy as np
    gram = (split.seen.T.astype(np.float64) @ split.seen).toarray()
    gram[np.diag_indices_from(gram)] += o.ridge
    inverse = np.linalg.inv(gram)
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return split.lists(lambda rows: split.seen[rows] @ weights, o.most)


def measure(split, lists, k):
    """NDCG, recall and coverage at k. A user with a truth and no list counts as 0."""
    ndcg = recall = 0.0
    shown = set()
    for u, truth in split.truth.items():
        got = lists.get(u, [])[:k]
        shown.update(got)
        gain = sum(1 / math.log2(i + 2) for i, m in enumerate(got) if m in truth)
        ndcg += gain / sum(1 / math.log2(i + 2) for i in range(min(k, len(truth))))
        recall += sum(m in truth for m in got) / len(truth)
    n = len(split.truth)
    return ndcg / n, recall / n, len(shown & set(split.items)) / len(split.items)


def write(path, lists):
    with open(path, "w", encoding="utf-8") as f:
        for u in sorted(lists):
            f.writelines(f"{u}\t{m}\n" for m in lists[u])


def version(package):
    return importlib.metadata.version(package) if package != "numpy" else "closed form in float64"


def parse():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--train", required=True, help="rows to train on")
    flags.add_argument("--test", required=True, help="rows to judge by")
    flags.add_argument("--out", required=True, help="folder for the lists")
    flags.add_argument("--models", default=",".join(MODELS), help="names with commas between; default all")
    flags.add_argument("--most", type=int, default=100, help="items in a list (default %(default)s)")
    flags.add_argument("--k", type=int, default=20, help="of the metrics printed (default %(default)s)")
    flags.add_argument("--factors", type=int, default=64, help="of both ALS (default %(default)s)")
    flags.add_argument("--regularization", type=float, default=0.05, help="of both ALS (default %(default)s)")
    flags.add_argument("--alpha", type=float, default=10, help="weight of a watch of both ALS (default %(default)s)")
    flags.add_argument("--iterations", type=int, default=15, help="sweeps of both ALS (default %(default)s)")
    flags.add_argument("--neighbours", type=int, default=50, help="of the item neighbours (default %(default)s)")
    flags.add_argument("--ridge", type=float, default=200, help="lambda of EASE (default %(default)s)")
    flags.add_argument("--seed", type=int, default=1, help="(default %(default)s)")
    flags.add_argument("--threads", type=int, default=2, help="(default %(default)s)")
    o = flags.parse_args()
    unknown = [m for m in o.models.split(",") if m not in MODELS]
    if unknown:
        flags.error(f"no model {', '.join(unknown)}; there are {', '.join(MODELS)}")
    return o


def main():
    o = parse()
    warnings.filterwarnings("ignore")  # of the packages, about each other's versions
    for package in ("numpy", "scipy"):
        if importlib.util.find_spec(package) is None:
            print(f"skipped all: the package {package} is not installed; run.sh FOLDER TRAIN TEST --install gets it")
            return
    Path(o.out).mkdir(parents=True, exist_ok=True)
    split = Split(o.train, o.test)
    print(f"{len(split.users)} users, {len(split.items)} items, {len(split.train)} rows; {len(split.truth)} users to judge by, "
          f"{len(split.truth) - len(split.ask)} of them unknown to the training part")
    print(f"{'model':<18}{'version':<24}{f'ndcg@{o.k}':>10}{f'recall@{o.k}':>12}{f'coverage@{o.k}':>14}{'seconds':>9}", flush=True)
    for name in o.models.split(","):
        package, make = MODELS[name]
        if importlib.util.find_spec(package) is None:
            print(f"{name:<18}skipped: the package {package} is not installed; run.sh FOLDER TRAIN TEST --install gets it", flush=True)
            continue
        began = time.perf_counter()
        with contextlib.redirect_stdout(sys.stderr):
            lists = make(split, o)
        took = time.perf_counter() - began
        write(Path(o.out) / f"{name}.tsv", lists)
        ndcg, recall, coverage = measure(split, lists, o.k)
        print(f"{name:<18}{version(package):<24}{ndcg:>10.4f}{recall:>12.4f}{coverage:>14.4f}{took:>9.1f}", flush=True)


if __name__ == "__main__":
    main()
