import { node_fits, type Imported, type NodeFit } from '~/shared/api'

export interface FitGroup {
  fit: NodeFit
  nodes: Imported['nodes']
}

/** The report in the order in which a person has to act: what needs a hand first. Groups without nodes are left out. */
export function fitGroups(nodes: Imported['nodes']): FitGroup[] {
  return node_fits.map((fit) => ({ fit, nodes: nodes.filter((node) => node.fit === fit) })).filter((group) => group.nodes.length > 0)
}

/** Requests have at most 1 MiB, and text in JSON grows by its escapes. */
export const file_bytes_max = 900_000
