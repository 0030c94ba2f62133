package server

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"
)

// beRival serves a fixed list on address until ctx ends.
func beRival(ctx context.Context, address string) error {
	if address == "" {
		return nil
	}
	ids := make([]string, 20)
	for i := range ids {
		ids[i] = "m" + strings.Repeat("7", 1+i%5)
	}
	line := []byte(strings.Join(ids, ",") + "\n")
	r := mux.NewRouter()
	r.Methods(http.MethodGet).Path("/recommend/{user}").HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write(line)
	})
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: r, ReadHeaderTimeout: time.Second}
	ended := context.AfterFunc(ctx, func() { srv.Close() })
	defer ended()
	if err := srv.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}
