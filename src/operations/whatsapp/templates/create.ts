import { onTaken } from '../../../core/constraints.ts';
import { Conflict, refuse } from '../../../core/errors.ts';
import type { Viewer } from '../../../core/viewer.ts';
import { builder } from '../../../graph/builder.ts';
import { languageProblem, nameProblem, parametersOf } from './body.ts';
import { type TemplateRow, WhatsappTemplate } from './types.ts';

interface NewTemplate {
  name: string;
  language: string;
  body: string;
}

/** Registers a template, so that messages by it are checked before they are taken. Meta isn't asked. */
export function createWhatsappTemplate(viewer: Viewer, { name, language, body }: NewTemplate): Promise<TemplateRow> {
  const { parameters, problem } = parametersOf(body);
  refuse({ name: nameProblem(name), language: languageProblem(language), body: problem });
  return viewer.write(async (tx, _emit, audit) => {
    const template = await tx.whatsappTemplate
      .create({ data: { agencyId: viewer.agency.id, name, language, body, parameters } })
      .catch(onTaken(() => templateTaken(name, language)));
    audit('whatsapp.template_created', `whatsapp_template:${template.id}`, { name, language });
    return template;
  });
}

export const templateTaken = (name: string, language: string): Conflict =>
  new Conflict('TEMPLATE_TAKEN', `The template ${name} is registered in ${language} already. Change that one.`);

const CreateWhatsappTemplateInput = builder.inputType('CreateWhatsappTemplateInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'As Meta knows it: lower-case letters, digits and underscores.' }),
    language: t.string({ required: true, description: '`en`, `en_US`, `fr`, `pt_BR` …' }),
    body: t.string({
      required: true,
      description: 'The text that Meta approved. Its parameters are named, `{{guest_name}}`, or numbered, `{{1}}`.',
    }),
  }),
});

builder.mutationField('createWhatsappTemplate', (t) =>
  t.field({
    type: WhatsappTemplate,
    description: 'Registers a template that Meta has approved. Messages by it are checked from then on.',
    ability: 'agency:write',
    args: { input: t.arg({ type: CreateWhatsappTemplateInput, required: true }) },
    resolve: (_root, { input }, { viewer }) => createWhatsappTemplate(viewer, input),
  }),
);
