package main

import (
	"bytes"
	"encoding/json"
	"log"
	"net/http"
	"time"
)

const stripe = "https://api.stripe.com"

var client = &http.Client{Timeout: 3 * time.Second}

type payment struct {
	Total int    `json:"total"`
	Card  string `json:"card"`
}

func pay(w http.ResponseWriter, r *http.Request) {
	var p payment
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	body, _ := json.Marshal(p)
	answer, err := client.Post(stripe+"/v1/charges", "application/json", bytes.NewReader(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	w.WriteHeader(answer.StatusCode)
}

func main() {
	http.HandleFunc("/payments", pay)
	log.Fatal(http.ListenAndServe(":8090", nil))
}
