/// Notes in lists by number, all of them in one array.
struct NoteLists<Note: BitwiseCopyable> {
  private struct Node: BitwiseCopyable {
    var note: Note
    /// Place of the note before it in its list, from 1; 0 if it is the first.
    var previous: UInt32
  }

  private struct List: BitwiseCopyable {
    var last: UInt32 = 0
    var count: UInt32 = 0
  }

  private var nodes: [Node] = []
  private var lists: [List] = []

  /// How many notes there are.
  var count: Int { nodes.count }

  /// All notes in the order in which they came.
  var all: some Sequence<Note> { nodes.lazy.map(\.note) }

  /// All numbers that may have notes.
  var numbers: Range<UInt32> { 0..<UInt32(lists.count) }

  /// How many notes a number has.
  func count(of number: UInt32) -> Int {
    Int(number) < lists.count ? Int(lists[Int(number)].count) : 0
  }

  mutating func append(_ note: Note, to number: UInt32) {
    while lists.count <= Int(number) { lists.append(List()) }
    nodes.append(Node(note: note, previous: lists[Int(number)].last))
    lists[Int(number)].last = UInt32(nodes.count)
    lists[Int(number)].count += 1
  }

  /// Calls `body` with each note of a number, the last one first.
  func forEach(of number: UInt32, _ body: (Note) -> Void) {
    guard Int(number) < lists.count else { return }
    var place = lists[Int(number)].last
    while place != 0 {
      body(nodes[Int(place) - 1].note)
      place = nodes[Int(place) - 1].previous
    }
  }

  /// The notes of a number in the order in which they came.
  subscript(number: UInt32) -> [Note] {
    var notes: [Note] = []
    notes.reserveCapacity(count(of: number))
    forEach(of: number) { notes.append($0) }
    notes.reverse()
    return notes
  }
}
