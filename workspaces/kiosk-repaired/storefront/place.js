import { randomUUID } from 'node:crypto';

const ORDERS_URL = process.env.ORDERS_URL ?? 'http://127.0.0.1:7401';
const SERVICE_FEE = 150;

// Places an order. Networks fail, so it is tried again under one key, by which orders know it.
export async function place(wanted, key = randomUUID()) {
  const order = { ...wanted, cents: wanted.cents + SERVICE_FEE };
  let answer;
  for (let attempt = 1; attempt <= 3; attempt++) {
    try {
      const told = await send(order, key);
      answer = { status: told.status, body: parsed(await told.text()) };
      // Whatever it says is final, but what leaves open what became of the order; 503 says that nothing did.
      if (answer.status < 500 || answer.status === 503) return answer;
    } catch (error) {
      console.error('order:', error.message);
    }
    await new Promise((resolve) => setTimeout(resolve, 100 * attempt * (0.5 + Math.random())));
  }
  return answer;
}

// What a gateway says in their place is no JSON: its status says it.
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { error: 'no answer' };
  }
}

// Longer than orders take at worst: two holds of 0.3 s, a pause and a charge of 0.8 s.
async function send(order, key) {
  return fetch(`${ORDERS_URL}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify(order),
    signal: AbortSignal.timeout(3000),
  });
}
