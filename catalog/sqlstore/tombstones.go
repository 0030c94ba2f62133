package sqlstore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"marquee/catalog"
)

// saltSetting is the name under which the salt of the tombstones is kept, in
// hexadecimal. It is made when the first person is forgotten.
const saltSetting = "tombstone_salt"

// tombstonesIn returns those of users who were forgotten.
func tombstonesIn(ctx context.Context, q queryer, users []catalog.UserID) (map[catalog.UserID]bool, error) {
	salt, err := readSalt(ctx, q)
	if err != nil || salt == nil {
		return nil, err
	}
	stones := catalog.Tombstones{Salt: salt}
	byHash := make(map[catalog.PersonHash]catalog.UserID, len(users))
	flat := make([][]byte, 0, len(users))
	for _, u := range users {
		hash := stones.Hash(u)
		if _, known := byHash[hash]; !known {
			byHash[hash] = u
			flat = append(flat, hash[:])
		}
	}
	forgotten := make(map[catalog.UserID]bool)
	err = lookup(ctx, q, "SELECT hash FROM tombstones WHERE hash IN (%s)", 1, flat, func(rows *sqlx.Rows) error {
		var hash []byte
		if err := rows.Scan(&hash); err != nil {
			return err
		}
		forgotten[byHash[catalog.PersonHash(hash)]] = true
		return nil
	})
	return forgotten, err
}

// readSalt returns the salt of the tombstones, nil if nobody was forgotten yet.
func readSalt(ctx context.Context, q sqlx.QueryerContext) ([]byte, error) {
	var text string
	err := sqlx.GetContext(ctx, q, &text, "SELECT value FROM settings WHERE name = '"+saltSetting+"'")
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	salt, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("the salt of the tombstones is damaged (%w); restore a copy: %w", err, catalog.ErrInvalid)
	}
	return salt, nil
}
