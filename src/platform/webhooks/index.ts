import './catalogue.ts';
import './create.ts';
import './deliveries.ts';
import './disabled.ts';
import './rotate.ts';
import './test-send.ts';
import './types.ts';
import './update.ts';
