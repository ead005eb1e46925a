import type { Viewer } from '../../../core/viewer.ts';
import { builder } from '../../../graph/builder.ts';
import { whole } from '../../../outbox/audit.ts';
import { lockTemplate, type TemplateRow, WhatsappTemplate } from './types.ts';

/** Forgets a template. Messages by its name are passed on unchecked then, when no other language is registered. */
export function deleteWhatsappTemplate(viewer: Viewer, id: string): Promise<TemplateRow> {
  return viewer.write(async (tx, _emit, audit) => {
    const template = await lockTemplate(tx, id);
    await tx.whatsappTemplate.delete({ where: { id: template.id } });
    audit('whatsapp.template_deleted', `whatsapp_template:${template.id}`, whole(template));
    return template;
  });
}

builder.mutationField('deleteWhatsappTemplate', (t) =>
  t.field({
    type: WhatsappTemplate,
    description: 'Forgets a template here; at Meta it stays.',
    ability: 'agency:write',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { viewer }) => deleteWhatsappTemplate(viewer, id),
  }),
);
