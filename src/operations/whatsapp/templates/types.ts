import type { WhatsappTemplate as TemplateRow } from '../../../../prisma/generated/client/client.ts';
import { NotFound } from '../../../core/errors.ts';
import type { Transaction } from '../../../database/index.ts';
import { builder } from '../../../graph/builder.ts';
import { parseId } from '../../../graph/ids.ts';
import { declareList } from '../../../graph/list.ts';
import { declareRead } from '../../../graph/read.ts';

export type { TemplateRow };

export const WhatsappTemplate = builder.prismaObject('WhatsappTemplate', {
  description:
    'A template that Meta has approved, as far as Bellhop needs to know it: with it, a message is checked before it is taken.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name', { description: 'As Meta knows it: `pre_arrival`.' }),
    language: t.exposeString('language', { description: '`en`, `en_US`, `fr`, `pt_BR` …' }),
    body: t.exposeString('body', { description: '`Hello {{guest_name}}, your key is at the reception.`' }),
    parameters: t.exposeStringList('parameters', {
      description: 'The names in the body, in the order of their first appearance; numbered ones in their order.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime' }),
  }),
});

export const whatsappTemplates = declareList({
  field: 'whatsappTemplates',
  type: 'WhatsappTemplate',
  model: 'whatsappTemplate',
  ability: 'whatsapp:read',
  description: 'The WhatsApp templates that the agency has registered.',
  filters: {
    name: { column: 'name', op: 'equals', type: 'String', description: 'With this name.' },
    language: { column: 'language', op: 'equals', type: 'String', description: 'In this language.' },
  },
  orders: { ID: { column: 'id', kind: 'int' }, UPDATED_AT: { column: 'updatedAt', kind: 'instant' } },
  defaultOrder: 'ID_DESC',
});

declareRead({ field: 'whatsappTemplate', noun: 'WhatsApp template', list: whatsappTemplates });

/** The template, held until the transaction ends, or a 404. */
export async function lockTemplate(tx: Transaction, id: string): Promise<TemplateRow> {
  const number = parseId(id) ?? -1;
  await tx.$queryRaw`select id from whatsapp_template where id = ${number} for update`;
  const template = await tx.whatsappTemplate.findFirst({ where: { id: number } });
  if (!template) throw new NotFound('WhatsApp template');
  return template;
}
