// Keeps the board at the entrance: which place is sold, which is free again.
import { readFile } from 'node:fs/promises';
import amqp from 'amqplib';
import pg from 'pg';

const AMQP_URL = process.env.AMQP_URL ?? 'amqp://127.0.0.1:7472/%2f';
const DATABASE_URL = process.env.DATABASE_URL ?? 'postgres://kiosk@127.0.0.1:7432/board';

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 4, connectionTimeoutMillis: 2000 });
pool.on('error', (error) => console.error('database:', error.message));

async function onPaid(order) {
  await pool.query(
    `INSERT INTO places (event, seat, state) VALUES ($1, $2, 'sold')
     ON CONFLICT (event, seat) DO UPDATE SET state = 'sold'`,
    [order.event, order.seat],
  );
}

async function onCancelled(order) {
  await pool.query(
    `INSERT INTO places (event, seat, state) VALUES ($1, $2, 'free')
     ON CONFLICT (event, seat) DO UPDATE SET state = 'free'`,
    [order.event, order.seat],
  );
}

function take(channel, effect) {
  return async (message) => {
    if (!message) return;
    try {
      await effect(JSON.parse(message.content));
      channel.ack(message);
    } catch (error) {
      console.error('board:', error.message);
      await sleep(200);
      channel.nack(message);
    }
  };
}

async function work() {
  const connection = await amqp.connect(AMQP_URL);
  const closed = new Promise((resolve) => connection.on('close', resolve));
  connection.on('error', (error) => console.error('broker:', error.message));
  const channel = await connection.createChannel();
  await channel.assertQueue('board-paid', { durable: true });
  await channel.assertQueue('board-cancelled', { durable: true });
  await channel.prefetch(1);
  await channel.consume('board-paid', take(channel, onPaid));
  await channel.consume('board-cancelled', take(channel, onCancelled));
  console.log('board: ready');
  await closed;
}

process.on('unhandledRejection', (error) => console.error('broker:', error.message));
await pool.query(await readFile(new URL('schema.sql', import.meta.url), 'utf8'));
for (;;) {
  await work().catch((error) => console.error('broker:', error.message));
  await sleep(500);
}
