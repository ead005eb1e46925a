import './occupancy.ts';
import './revenue.ts';
import './schema.ts';
