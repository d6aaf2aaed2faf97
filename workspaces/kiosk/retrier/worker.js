// Finds out what became of charges that did not answer.
import amqp from 'amqplib';

const AMQP_URL = process.env.AMQP_URL ?? 'amqp://127.0.0.1:7472/%2f';
const ORDERS_URL = process.env.ORDERS_URL ?? 'http://127.0.0.1:7401';
const PAYMENTS_URL = process.env.PAYMENTS_URL ?? 'http://127.0.0.1:7402';

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function charge(order) {
  for (;;) {
    try {
      const answer = await fetch(`${PAYMENTS_URL}/charges`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ order: order.id, buyer: order.buyer, cents: order.cents }),
        signal: AbortSignal.timeout(500),
      });
      if (answer.ok) return;
      console.error('charge:', answer.status);
    } catch (error) {
      console.error('charge:', error.message);
    }
    await sleep(200);
  }
}

async function settle(order) {
  await charge(order);
  const answer = await fetch(`${ORDERS_URL}/orders/${order.id}/paid`, { method: 'POST', signal: AbortSignal.timeout(2000) });
  if (!answer.ok && answer.status !== 404) throw new Error(`orders say ${answer.status}`);
}

async function work() {
  const connection = await amqp.connect(AMQP_URL);
  const closed = new Promise((resolve) => connection.on('close', resolve));
  connection.on('error', (error) => console.error('broker:', error.message));
  const channel = await connection.createChannel();
  await channel.assertQueue('charges-retry', { durable: true });
  await channel.prefetch(1);
  await channel.consume('charges-retry', async (message) => {
    if (!message) return;
    try {
      await settle(JSON.parse(message.content));
      channel.ack(message);
    } catch (error) {
      console.error('settle:', error.message);
      await sleep(200);
      channel.nack(message);
    }
  });
  console.log('retrier: ready');
  await closed;
}

process.on('unhandledRejection', (error) => console.error('broker:', error.message));
for (;;) {
  await work().catch((error) => console.error('broker:', error.message));
  await sleep(500);
}
