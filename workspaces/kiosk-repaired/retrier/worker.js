// Finds out what became of charges that did not answer.
import amqp from 'amqplib';

const AMQP_URL = process.env.AMQP_URL ?? 'amqp://127.0.0.1:7472/%2f';
const ORDERS_URL = process.env.ORDERS_URL ?? 'http://127.0.0.1:7401';
const PAYMENTS_URL = process.env.PAYMENTS_URL ?? 'http://127.0.0.1:7402';

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// True when it is charged, false when it will not be. The order's number is the key: it is charged once, however often it is asked for.
async function charge(order) {
  for (let attempt = 0; attempt < 8; attempt++) {
    let pause = 100 * 2 ** attempt * (0.5 + Math.random());
    try {
      const answer = await fetch(`${PAYMENTS_URL}/charges`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': order.id },
        body: JSON.stringify({ order: order.id, buyer: order.buyer, cents: order.cents }),
        signal: AbortSignal.timeout(1000),
      });
      if (answer.ok) return true;
      if (answer.status < 500 && answer.status !== 429) return false;
      pause = Math.max(pause, 1000 * Number(answer.headers.get('retry-after') ?? 0));
    } catch (error) {
      console.error('charge:', error.message);
    }
    await sleep(pause);
  }
  return false;
}

async function settle(order) {
  const outcome = (await charge(order)) ? 'paid' : 'failed';
  const answer = await fetch(`${ORDERS_URL}/orders/${order.id}/${outcome}`, { method: 'POST', signal: AbortSignal.timeout(2000) });
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
