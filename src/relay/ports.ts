/**
 * Ports on which no web server answers but something else that can be talked into doing harm with the bytes of an HTTP
 * request: mail, names, IRC, X11. The list is that of the Fetch standard ("bad port"), which browsers keep to; and then the
 * databases, caches and machines' consoles that a server can reach and a browser seldom can.
 */
const OF_OTHERS = new Set([
  ...[0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109],
  ...[110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530],
  ...[531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190],
  ...[5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080],
  ...[1433, 1521, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 5432, 5900, 6379, 6380, 9042, 9200, 10250, 11211, 27017],
]);

/** True for a port, as URLs write it, that calls may go to. Empty is the scheme's own. */
export const isOfTheWeb = (port: string): boolean => port === '' || !OF_OTHERS.has(Number(port));
