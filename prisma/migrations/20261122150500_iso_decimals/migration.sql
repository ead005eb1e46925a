-- The currencies that don't have two decimals by ISO 4217, as the product knows them; a test compares all of them.
CREATE OR REPLACE FUNCTION reporting.amount(minor numeric, currency bpchar) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN minor * CASE
  WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XDR', 'XOF', 'XPF',
    'XSU') THEN 1
  WHEN currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 0.001
  ELSE 0.01 END;
