package main

import (
	"context"
	"time"

	"marquee/catalog"
	"marquee/recommender/httpapi"
)

var _ httpapi.Store = (*lateStore)(nil)

// PutFeedback implements [httpapi.Store].
func (l *lateStore) PutFeedback(ctx context.Context, feedback []catalog.Feedback) (added int, err error) {
	s, err := l.opened()
	if err != nil {
		return 0, err
	}
	return s.PutFeedback(ctx, feedback)
}

// PutPreferences implements [httpapi.Store].
func (l *lateStore) PutPreferences(ctx context.Context, p catalog.Preferences) error {
	s, err := l.opened()
	if err != nil {
		return err
	}
	return s.PutPreferences(ctx, p)
}

// Preferences implements [httpapi.Store].
func (l *lateStore) Preferences(ctx context.Context, u catalog.UserID) (catalog.Preferences, error) {
	s, err := l.opened()
	if err != nil {
		return catalog.Preferences{}, err
	}
	return s.Preferences(ctx, u)
}

// Exposure implements [httpapi.Store].
func (l *lateStore) Exposure(ctx context.Context, requestID string) (catalog.Exposure, error) {
	s, err := l.opened()
	if err != nil {
		return catalog.Exposure{}, err
	}
	return s.Exposure(ctx, requestID)
}

// Trending returns what [sqlstore.Store.Trending] does.
func (l *lateStore) Trending(ctx context.Context, since, before time.Time, limit int) ([]catalog.MovieCount, error) {
	s, err := l.opened()
	if err != nil {
		return nil, err
	}
	return s.Trending(ctx, since, before, limit)
}
