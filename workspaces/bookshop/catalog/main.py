import os

import psycopg2
from fastapi import FastAPI, HTTPException

app = FastAPI()


def connect():
    return psycopg2.connect(os.environ["DATABASE_URL"])


@app.get("/books")
def books():
    with connect() as db, db.cursor() as cursor:
        cursor.execute("SELECT isbn, title, price FROM books ORDER BY title")
        return [{"isbn": i, "title": t, "price": p} for i, t, p in cursor.fetchall()]


@app.get("/books/{isbn}")
def book(isbn: str):
    with connect() as db, db.cursor() as cursor:
        cursor.execute("SELECT isbn, title, price FROM books WHERE isbn = %s", (isbn,))
        row = cursor.fetchone()
    if row is None:
        raise HTTPException(404)
    return {"isbn": row[0], "title": row[1], "price": row[2]}
