import './events.ts';
import './generate.ts';
import './lines.ts';
import './tariffs/create.ts';
import './tariffs/end.ts';
import './types.ts';
