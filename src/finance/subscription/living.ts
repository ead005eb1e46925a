import { clock } from '../../core/clock.ts';
import type { Services } from '../../core/viewer.ts';
import { planIsAlive } from './plan.ts';

/** The agencies whose plan is alive, for which timers work as the gate lets requests in. */
export async function livingAgencies({ database }: Services): Promise<number[]> {
  const { rows } = await database.system.query<{ id: number }>(
    `select a.id from agency a where ${planIsAlive('a', '$1::timestamptz')} order by a.id`,
    [clock.now()],
  );
  return rows.map(({ id }) => id);
}
