package simulator

import "math/rand/v2"

// A tongue is a language in which a few of the movies are told.
type tongue struct {
	code, name, country, countryName string
	titles                           string
	who, must, but                   string // tables of clauses
}

func tongues() []tongue {
	return []tongue{
		{
			code: "fr", name: "Français", country: "FR", countryName: "France",
			titles: "Le Dernier Été|La Mer à l'envers|Les Heures pâles|Un café à Nantes|L'Ombre du pêcheur|Demain, peut-être|La Nuit des étoiles",
			who:    "Une libraire de province|Un vieux pêcheur breton|Une comédienne oubliée|Un professeur de piano|La fille du boulanger",
			must:   "revient au village après vingt ans d'absence|cherche à sauver la maison de famille|s'éprend d'une voix entendue au téléphone|découvre une lettre jamais envoyée",
			but:    "Mais le passé refuse de se taire.|Un été suffira à tout changer.|Rien ne sera plus comme avant.|Il faudra choisir entre la mer et l'amour.",
		},
		{
			code: "es", name: "Español", country: "ES", countryName: "Spain",
			titles: "Mañana en Cádiz|El corazón del río|Los días de lluvia|La casa de mi abuela|Sueño de papel|El último año",
			who:    "Una maestra rural|Un guitarrista sin guitarra|El hijo de un minero|Una anciana que no olvida|Un taxista de Sevilla",
			must:   "vuelve a la casa donde nació|busca a la hermana que nunca conoció|intenta vender el último olivar del pueblo|guarda el secreto de toda una calle",
			but:    "Pero la lluvia llega antes que el perdón.|Nadie sale ileso de aquel verano.|La verdad cabe en una sola carta.|El río se lleva todo menos la memoria.",
		},
		{
			code: "de", name: "Deutsch", country: "DE", countryName: "Germany",
			titles: "Das Haus am Fluss|Spätsommer|Die Brücke nach Osten|Über den Dächern|Ein Koffer für Käthe|Nachtzug",
			who:    "Eine Uhrmacherin aus Leipzig|Ein Lokführer kurz vor der Rente|Der jüngste von drei Brüdern|Eine junge Ärztin|Ein entlassener Lehrer",
			must:   "findet im Keller einen verschlossenen Koffer|kehrt nach der Wende in das Dorf der Kindheit zurück|hilft einer Fremden über die Grenze|will das alte Kino vor dem Abriss retten",
			but:    "Doch nicht alle haben vergessen.|Ein einziger Brief ändert alles.|Der Winter kommt in diesem Jahr zu früh.|Am Ende bleibt nur ein Lied.",
		},
		{
			code: "ja", name: "日本語", country: "JP", countryName: "Japan",
			titles: "夏の終わり|雨の町|古い時計|海辺の手紙|最後の駅",
			who:    "小さな町の時計屋が|引退した駅長が|二人の姉妹が|若い医者が",
			must:   "古い手紙を見つける|故郷へ帰る|閉館する映画館を守ろうとする|父の秘密を知る",
			but:    "しかし、雨はやまなかった。|その夏、すべてが変わる。|思い出だけが残った。",
		},
	}
}

func (t tongue) plot(rng *rand.Rand) string {
	join, stop := " ", ". "
	if t.code == "ja" {
		join, stop = "", "。"
	}
	return pick(rng, t.who) + join + pick(rng, t.must) + stop + pick(rng, t.but)
}
