/** What the endpoints of this protocol work with, and what they keep in memory while the server runs. */
import type { ProtocolServices } from '../protocol.ts';
import { type Guesses, makeGuesses } from './guesses.ts';
import { makeRefusals, type Refusals } from './refusals.ts';

export type OAuth2 = {
  services: ProtocolServices;
  guesses: Guesses;
  refusals: Refusals;
};

/** Makes what one server needs; nothing of it must be known to another. */
export function makeOAuth2(services: ProtocolServices): OAuth2 {
  return { services, guesses: makeGuesses(services.core), refusals: makeRefusals(services.core) };
}
