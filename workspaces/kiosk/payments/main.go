package main

import (
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
	mux.HandleFunc("PUT /accounts/{buyer}", p.setAccount)
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
	_, err := p.db.ExecContext(r.Context(),
		"INSERT INTO charges (key, order_id, buyer, cents) VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO NOTHING",
		key, c.Order, c.Buyer, c.Cents)
	if err != nil {
		fail(w, err)
		return
	}
	reply(w, http.StatusCreated, map[string]any{"order": c.Order, "cents": c.Cents})
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

func (p *payments) setAccount(w http.ResponseWriter, r *http.Request) {
	var account struct {
		Points int `json:"points"`
	}
	if err := json.NewDecoder(r.Body).Decode(&account); err != nil {
		reply(w, http.StatusBadRequest, map[string]any{"error": "how many points?"})
		return
	}
	_, err := p.db.ExecContext(r.Context(),
		"INSERT INTO accounts (buyer, points) VALUES ($1, $2) ON CONFLICT (buyer) DO UPDATE SET points = excluded.points",
		r.PathValue("buyer"), account.Points)
	if err != nil {
		fail(w, err)
		return
	}
	reply(w, http.StatusOK, map[string]any{"buyer": r.PathValue("buyer"), "points": account.Points})
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
