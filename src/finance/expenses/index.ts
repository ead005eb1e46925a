import './create.ts';
import './delete.ts';
import './types.ts';
import './update.ts';
