// Ada buys two seats from two windows, the second one before the first is through if that takes long.
const base = process.env.STOREFRONT_URL ?? 'http://127.0.0.1:7400';

async function buy(seat) {
  const answer = await fetch(`${base}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ event: 7, seat, buyer: 'ada', cents: 4000 }),
  });
  console.log(`${seat} ${answer.status}`);
  return answer.ok;
}

const first = buy('A1');
await new Promise((resolve) => setTimeout(resolve, 300));
const bought = await Promise.all([first, buy('A2')]);
process.exit(bought.every(Boolean) ? 0 : 1);
