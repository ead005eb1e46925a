import { onTaken } from '../../../core/constraints.ts';
import { refuse, refuseNulls } from '../../../core/errors.ts';
import type { Viewer } from '../../../core/viewer.ts';
import { builder } from '../../../graph/builder.ts';
import { changed } from '../../../outbox/audit.ts';
import { languageProblem, nameProblem, parametersOf } from './body.ts';
import { templateTaken } from './create.ts';
import { lockTemplate, type TemplateRow, WhatsappTemplate } from './types.ts';

interface TemplateChange {
  name?: string | null;
  language?: string | null;
  body?: string | null;
}

/** Changes what is known of a template. Messages that were taken before keep what they were checked against. */
export function updateWhatsappTemplate(
  viewer: Viewer,
  { id, input }: { id: string; input: TemplateChange },
): Promise<TemplateRow> {
  refuseNulls(input, ['name', 'language', 'body']);
  refuse({
    name: nameProblem(input.name),
    language: languageProblem(input.language),
    body: input.body != null && parametersOf(input.body).problem,
  });
  return viewer.write(async (tx, _emit, audit) => {
    const before = await lockTemplate(tx, id);
    const name = input.name ?? before.name;
    const language = input.language ?? before.language;
    const body = input.body ?? before.body;
    if (name === before.name && language === before.language && body === before.body) return before;
    const template = await tx.whatsappTemplate
      .update({ where: { id: before.id }, data: { name, language, body, ...parametersOf(body) } })
      .catch(onTaken(() => templateTaken(name, language)));
    audit('whatsapp.template_updated', `whatsapp_template:${template.id}`, changed(before, template));
    return template;
  });
}

const UpdateWhatsappTemplateInput = builder.inputType('UpdateWhatsappTemplateInput', {
  fields: (t) => ({
    name: t.string({ description: 'As Meta knows it.' }),
    language: t.string({ description: '`en`, `en_US`, `fr`, `pt_BR` …' }),
    body: t.string({ description: 'The text that Meta approved; the parameters are read from it anew.' }),
  }),
});

builder.mutationField('updateWhatsappTemplate', (t) =>
  t.field({
    type: WhatsappTemplate,
    description: 'Changes what is known of a template. Messages that were taken before stay as they are.',
    ability: 'agency:write',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateWhatsappTemplateInput, required: true }) },
    resolve: (_root, { id, input }, { viewer }) => updateWhatsappTemplate(viewer, { id, input }),
  }),
);
