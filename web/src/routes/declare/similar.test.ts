import { expect, it } from 'vitest';
import { likeliest, tellingWords } from './similar';

it('takes the most telling words', () => {
  expect(tellingWords('The Lowmoor ticket shop: nobody can pay with a card.')).toEqual(['lowmoor', 'ticket', 'shop']);
  expect(tellingWords('503 on example.org')).toEqual(['example.org']);
  expect(tellingWords('a b')).toEqual([]);
});

it('puts what is live and found most often first, each once', () => {
  const found = (id: string, status: string, day: number) => ({ id, status, reportedAt: `2026-11-0${day}T00:00:00Z` });
  const [live, often, old, young] = [
    found('live', 'FIXING', 1),
    found('often', 'CLOSED', 2),
    found('old', 'CLOSED', 3),
    found('young', 'RESOLVED', 4),
  ];
  expect(likeliest([[old, often], [often, young], [live]])).toEqual([live, often, young, old]);
});
