import { instant } from '../core/dates.ts';
import { createAgency, type NewAgency } from '../platform/create-agency.ts';
import type { Answer } from './answer.ts';
import { withServices } from './services.ts';

/** `bellhop agency create` */
export async function agencyCreate(input: NewAgency): Promise<Answer> {
  const agency = await withServices(({ database }) => createAgency(database, input, 'cli'));
  const { id, name, currency, timezone, commissionBasisPoints, plan, trialEndsAt } = agency;
  return {
    data: {
      id,
      name,
      currency,
      timezone,
      commission_percent: commissionBasisPoints / 100,
      plan: plan.toLowerCase(),
      trial_ends_at: trialEndsAt && instant(trialEndsAt),
    },
    text:
      `Agency ${id}: ${name} (${currency}, ${timezone}, ${commissionBasisPoints / 100} % commission).\n` +
      (trialEndsAt ? `Its trial ends on ${instant(trialEndsAt).slice(0, 10)}.\n` : '') +
      `A token for it: bellhop token create --agency ${id} --name integration --abilities '*'\n`,
  };
}
