const axios = require('axios')
const express = require('express')
const redis = require('redis')
const addresses = require('./addresses')
const { announce } = require('./orders')

const app = express()
const baskets = redis.createClient({ url: `redis://${process.env.REDIS_HOST}:6379` })

app.use(express.json())

app.post('/checkout/:basket', async (req, res) => {
  const isbns = await baskets.sMembers(req.params.basket)
  const books = []
  for (const isbn of isbns) {
    const answer = await axios.get(`${addresses.catalog}/books/${isbn}`, { timeout: 2000 })
    books.push(answer.data)
  }
  const total = books.reduce((sum, book) => sum + book.price, 0)
  const payment = await axios.post(addresses.payments + '/payments', { total, card: req.body.card }, { timeout: 5000 })
  await announce({ basket: req.params.basket, total, payment: payment.data.id })
  res.status(201).json({ total })
})

baskets.connect().then(() => app.listen(3000))
