import { ChangeType, CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';
import type { Changes } from './change.ts';

/** Compares two GraphQL schemas as GraphQL Inspector judges them. */
export async function compareGraphql(before: string, after: string, changes: Changes): Promise<void> {
  for (const { criticality, message, type } of await diff(buildSchema(before), buildSchema(after))) {
    const line = `GraphQL ${message}`;
    if (criticality.level === CriticalityLevel.Breaking) changes.breaking(line);
    if (criticality.level === CriticalityLevel.Dangerous && !OPTIONAL.has(type)) changes.careful(line);
  }
}

/** It calls dangerous what a client may say and needn't. */
const OPTIONAL = new Set<string>([ChangeType.FieldArgumentAdded, ChangeType.InputFieldAdded]);
