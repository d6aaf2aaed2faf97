const express = require('express')
const app = express()

app.get('/berths/:id', async (req, res) => {
  const crane = await fetch(process.env.CRANES_URL + '/cranes/' + req.params.id)
  const tide = await fetch(process.env.TIDES_URL + '/now')
  res.json({ crane: await crane.json(), tide: await tide.json() })
})

app.listen(3000)
