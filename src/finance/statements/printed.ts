/** A statement as `GET /v1/statements/{id}` answers it: what its CSV and its PDF are printed from. */
export interface PrintedStatement {
  id: number;
  owner_id: number;
  owner_name: string;
  from: string;
  to: string;
  revision: number;
  currency: string;
  revenue: number;
  commission: number;
  expenses: number;
  net: number;
  sources_hash: string;
  generated_at: string;
  lines: PrintedLine[];
}

export interface PrintedLine {
  position: number;
  kind: 'booking' | 'expense';
  property_id: number;
  property: { code: string; name: string };
  booking_id: number | null;
  label: string;
  nights: number;
  revenue: number;
  commission: number;
  expense: number;
  net: number;
}
