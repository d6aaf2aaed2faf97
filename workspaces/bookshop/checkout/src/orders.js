const amqp = require('amqplib')
const addresses = require('./addresses')

let channel

async function announce(order) {
  if (!channel) {
    const connection = await amqp.connect(addresses.queue)
    channel = await connection.createChannel()
    await channel.assertQueue('orders.placed', { durable: true })
  }
  channel.sendToQueue('orders.placed', Buffer.from(JSON.stringify(order)), { persistent: true })
}

module.exports = { announce }
