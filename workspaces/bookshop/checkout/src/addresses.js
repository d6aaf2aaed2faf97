module.exports = {
  catalog: process.env.CATALOG_URL,
  payments: process.env.PAYMENTS_URL || 'http://localhost:8090',
  queue: process.env.AMQP_URL,
}
