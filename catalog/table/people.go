package table

import "marquee/catalog"

// users imports people; a row is all that is known about one.
func (im *importer) users() error {
	last, err := im.last(func(rec *record) string { return key(rec, ByID) })
	if err != nil {
		return err
	}
	var batch []catalog.User
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		tally, err := im.store.PutUsers(im.ctx, batch)
		im.report.Users.Add(tally)
		batch = batch[:0]
		return err
	}
	return im.each(func(rec *record, line int) error {
		if k := key(rec, ByID); k != "" && im.superseded(last, "id", k, line) {
			return nil
		}
		u, err := rec.user()
		if err != nil {
			return err
		}
		batch = append(batch, u)
		im.mend(line, rec.notes)
		return nil
	}, flush)
}
