package embeddertest

import "strings"

// Texts returns the plain texts of the kit: short documents of invented movies,
// some of which share their words. An embedder that is fitted on texts passes
// the kit when it was fitted on these.
func Texts() []string {
	return []string{
		"Harbour of Lanterns (1994). Drama, Romance. Ana Velde. A widowed lighthouse keeper falls in love with the captain of the last ship.",
		"Harbour of Lanterns 2 (1998). Drama, Romance. Ana Velde. The lighthouse keeper and the captain sail north to find a lost ship.",
		"The Copper Heist (2003). Crime, Thriller. Ruben Okoye. Four thieves rob a copper mine and are hunted by a patient detective.",
		"The Copper Heist Returns (2006). Crime, Thriller. Ruben Okoye. The detective joins the thieves for one more heist in the mine.",
		"Orbit Nine (2011). Science Fiction. Mei Tanaka. The crew of a space station finds an alien signal and loses contact with Earth.",
		"Silence in Orbit (2014). Science Fiction, Horror. Mei Tanaka. An alien hunts the crew of a drifting space station.",
		"Bread and Thunder (1987). Comedy. Luca Ferri. A baker in a small town bets his bakery on a boxing match against his brother.",
		"The Last Baker (1991). Comedy, Drama. Luca Ferri. Two brothers inherit a bakery in a small town and cannot share it.",
		"Winter of Wolves (1979). Adventure. A trapper and a wolf cross the mountains in winter to reach a village before the storm.",
		"The Storm Village (1983). Adventure, Drama. A village in the mountains waits for a storm, and for the trapper who went out in winter.",
		"Paper Detectives (2009). Animation, Family. Two school friends open a detective agency and find the thief of the town's lanterns.",
		"Captain Marigold (2016). Animation, Family. A young captain sails a paper ship around the world with a talking wolf.",
	}
}

// hard returns texts that break careless code. What their vectors are is up to
// the embedder; that they are unit length or zeros, and always the same bits,
// is not.
func hard() []string {
	return []string{
		"Amélie (Le Fabuleux Destin d'Amélie Poulain)",
		"Ame\u0301lie with a combining accent",
		"千と千尋の神隠し",
		"Сталкер (1979)",
		"أطفال السماء",
		"🎬🍿👩‍👩‍👧‍👦",
		"zero\u200bwidth\u200djoined\ufeff",
		"\x00\x01\x02 control \x7f",
		"invalid \xff\xfe\xc3 utf-8 \xed\xa0\x80",
		"\xff",
		"!!! ??? ...",
		"[CLS] [SEP] [UNK] [PAD] [MASK]",
		"the of and a",
		"1917",
		"a",
		strings.Repeat("x", 5000),
		strings.Repeat("storm ", 2000),
	}
}

// blank returns texts that say nothing: their vectors are zeros.
func blank() []string { return []string{"", " ", "\n\t \r\n"} }
