import { rotateKeys } from '../platform/keys/rotate.ts';
import type { Answer } from './answer.ts';
import { withServices } from './services.ts';

/** `bellhop keys rotate` */
export async function keysRotate(): Promise<Answer> {
  const { key, made, resealed, unreadable } = await withServices(rotateKeys);
  const lines = [
    made ? `Everything is sealed with a new key, ${key}.` : `Everything is sealed with the key ${key}.`,
    `${resealed} secrets were sealed anew.`,
    ...unreadable.map((what) => `No key opens ${what}. Add its key to APP_KEY_PREVIOUS, or have it entered again.`),
  ];
  return {
    data: { key, made, resealed, unreadable },
    text: `${lines.join('\n')}\n`,
    exitCode: unreadable.length > 0 ? 1 : 0,
  };
}
