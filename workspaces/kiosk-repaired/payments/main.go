package main

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"sync/atomic"

	_ "github.com/lib/pq"
)

//go:embed schema.sql
var schema string

const (
	busy  = 32      // requests at a time
	limit = 1000000 // cents that a card is good for
)

type payments struct {
	db      *sql.DB
	running atomic.Int32
}

func main() {
	db, err := sql.Open("postgres", env("DATABASE_URL", "postgres://kiosk@127.0.0.1:7432/payments?sslmode=disable"))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := db.Exec(schema); err != nil {
		log.Fatal(err)
	}
	p := &payments{db: db}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) { reply(w, 200, map[string]any{"ok": true}) })
	mux.HandleFunc("POST /charges", p.charge)
	mux.HandleFunc("POST /refunds", p.refund)
	mux.HandleFunc("GET /fees/{event}", p.fee)
	mux.HandleFunc("GET /accounts/{buyer}", p.account)
	log.Fatal(http.ListenAndServe(env("HOST", "127.0.0.1")+":"+env("PORT", "7402"), mux))
}

type charge struct {
	Order string `json:"order"`
	Buyer string `json:"buyer"`
	Cents int    `json:"cents"`
}

// charge takes money once for each key.
func (p *payments) charge(w http.ResponseWriter, r *http.Request) {
	if p.running.Add(1) > busy {
		p.running.Add(-1)
		w.Header().Set("Retry-After", "1")
		reply(w, http.StatusTooManyRequests, map[string]any{"error": "busy"})
		return
	}
	defer p.running.Add(-1)
	var c charge
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil || c.Order == "" {
		reply(w, http.StatusBadRequest, map[string]any{"error": "what is to be charged?"})
		return
	}
	if c.Cents > limit {
		reply(w, http.StatusPaymentRequired, map[string]any{"error": "declined"})
		return
	}
	key := sql.NullString{String: r.Header.Get("Idempotency-Key"), Valid: r.Header.Get("Idempotency-Key") != ""}
	err := p.book(r.Context(), key, c)
	if err != nil {
		fail(w, err)
		return
	}
	reply(w, http.StatusCreated, map[string]any{"order": c.Order, "cents": c.Cents})
}

// book writes a charge and its points together, once for each key.
func (p *payments) book(ctx context.Context, key sql.NullString, c charge) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	result, err := tx.ExecContext(ctx,
		"INSERT INTO charges (key, order_id, buyer, cents) VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO NOTHING",
		key, c.Order, c.Buyer, c.Cents)
	if err != nil {
		return err
	}
	if rows, err := result.RowsAffected(); err != nil || rows == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx,
		`INSERT INTO accounts (buyer, points) VALUES ($1, $2)
		 ON CONFLICT (buyer) DO UPDATE SET points = accounts.points + excluded.points`, c.Buyer, c.Cents/100)
	if err != nil {
		return err
	}
	return tx.Commit()
}

// refund gives back what was charged for an order, once.
func (p *payments) refund(w http.ResponseWriter, r *http.Request) {
	var c charge
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil || c.Order == "" {
		reply(w, http.StatusBadRequest, map[string]any{"error": "what is to be refunded?"})
		return
	}
	_, err := p.db.ExecContext(r.Context(),
		`INSERT INTO refunds (order_id, cents)
		 SELECT order_id, sum(cents) FROM charges WHERE order_id = $1 GROUP BY order_id
		 ON CONFLICT (order_id) DO NOTHING`, c.Order)
	if err != nil {
		fail(w, err)
		return
	}
	reply(w, http.StatusOK, map[string]any{"order": c.Order})
}

func (p *payments) fee(w http.ResponseWriter, r *http.Request) {
	reply(w, http.StatusOK, map[string]any{"event": r.PathValue("event"), "cents": 250})
}

func (p *payments) account(w http.ResponseWriter, r *http.Request) {
	points := 0
	err := p.db.QueryRowContext(r.Context(), "SELECT points FROM accounts WHERE buyer = $1", r.PathValue("buyer")).Scan(&points)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		fail(w, err)
		return
	}
	reply(w, http.StatusOK, map[string]any{"buyer": r.PathValue("buyer"), "points": points})
}

func fail(w http.ResponseWriter, err error) {
	log.Print(err)
	reply(w, http.StatusServiceUnavailable, map[string]any{"error": "database"})
}

func reply(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
