import express from 'express';
import { place } from './place.js';

const ORDERS_URL = process.env.ORDERS_URL ?? 'http://127.0.0.1:7401';
const SEATS_URL = process.env.SEATS_URL ?? 'http://127.0.0.1:7403';

const app = express();
app.use(express.json());

app.get('/health', (request, response) => response.json({ ok: true }));

app.post('/orders', async (request, response) => {
  const answer = await place(request.body, request.get('idempotency-key'));
  if (!answer) return response.status(504).json({ error: 'try again later' });
  response.status(answer.status).json(answer.body);
});

app.post('/cancellations', async (request, response) => {
  try {
    const answer = await fetch(`${ORDERS_URL}/cancellations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request.body),
      signal: AbortSignal.timeout(3000),
    });
    response.status(answer.status).json(await answer.json());
  } catch (error) {
    console.error('cancellation:', error.message);
    response.status(504).json({ error: 'try again later' });
  }
});

app.get('/events/:event', async (request, response) => {
  const { event } = request.params;
  try {
    const answer = await fetch(`${SEATS_URL}/events/${event}`, { signal: AbortSignal.timeout(500) });
    if (!answer.ok) throw new Error(`seats say ${answer.status}`);
    response.json(await answer.json());
  } catch (error) {
    console.error('seats:', error.message);
    await roughly(event, response);
  }
});

// When seats are slow, orders know roughly how many are left.
async function roughly(event, response) {
  try {
    const answer = await fetch(`${ORDERS_URL}/events/${event}/left`, { signal: AbortSignal.timeout(500) });
    response.status(answer.status).json(await answer.json());
  } catch (error) {
    console.error('orders:', error.message);
    response.status(503).json({ error: 'try again later' });
  }
}

app.get('/quotes/:event', async (request, response) => {
  for (let attempt = 1; attempt <= 2; attempt++) {
    try {
      const answer = await fetch(`${ORDERS_URL}/quotes/${request.params.event}`, { signal: AbortSignal.timeout(2000) });
      if (answer.ok) return response.json(await answer.json());
    } catch (error) {
      console.error('quote:', error.message);
    }
    await new Promise((resolve) => setTimeout(resolve, 100 * attempt * (0.5 + Math.random())));
  }
  response.status(503).json({ error: 'try again later' });
});

app.listen(Number(process.env.PORT ?? 7400), process.env.HOST ?? '127.0.0.1');
