package page

import "marquee/catalog/report"

// reading says what the page means.
func (p *sheet) reading() (report.Section, error) {
	return report.Section{Title: "How to read this page", Parts: []report.Part{{Text: []string{
		"Models saw the training part alone and were asked for lists; what people did afterwards, or what was held out, is the truth that the lists should hold. All movies that a person had not watched compete, unless the protocol says otherwise.",
		"NDCG counts hits, those at the top more than those below; 1 is a perfect list. Hit rate is the share of people with at least one hit, recall the share of the truth that was found, precision the share of the list that was right, MRR one over the rank of the first hit. RMSE and MAE are errors of predicted ratings: smaller is better.",
		"Coverage is the share of the movies that at least one list shows. It grows with the number of lists; rarefied coverage is what a fixed number of lists would show, so that reports of other sizes can be compared. Gini is 0 if all movies are shown alike and near 1 if a few take every place. Novelty is how rarely watched what is listed is, diversity how unlike each other the movies of one list are, popularity lift how much more popular what is listed is than what the person watched.",
		"An interval is what the mean might have been over other people like these. It says nothing of another catalog, another year, or the luck of a model's seed. Two intervals that overlap do not say that two models are alike: look at the comparison person by person, whose interval is of the difference.",
		"Small differences between models that were tuned on the same data are not to be trusted. A figure that is much better than those of known good models on the same data mostly means that the truth leaked into the training part.",
	}}}}, nil
}
