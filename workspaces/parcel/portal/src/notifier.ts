import { connect, StringCodec } from 'nats'

async function main() {
  const codec = StringCodec()
  const bus = await connect({ servers: process.env.NATS_URL })
  const moved = bus.subscribe('parcels.moved', { queue: 'notifier' })
  for await (const message of moved) {
    console.log('tell the customer about', codec.decode(message.data))
  }
}

main()
