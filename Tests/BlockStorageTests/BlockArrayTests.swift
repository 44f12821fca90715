import BlockStorage
import Testing

@Suite("Block array")
struct BlockArrayTests {
  /// An element whose blocks are small in number: 4096 bytes, 1024 a block.
  struct Page: BitwiseCopyable {
    var number: Int
    var rest = InlineArray<511, UInt64>(repeating: 0)
  }

  @Test("keeps what was appended, from the small first block to many large ones")
  func keeps() {
    var numbers = BlockArray<UInt64>()
    let count = 1_300_000
    for number in 0..<count { numbers.append(UInt64(number) &* 3) }
    #expect(numbers.count == count)
    #expect(numbers.indices == 0..<count)
    let isRight = numbers.indices.allSatisfy { numbers[$0] == UInt64($0) &* 3 }
    #expect(isRight)
  }

  @Test("changes one element and no other", arguments: [1, 16, 17, 1024, 1025, 3000])
  func changes(count: Int) {
    var pages = BlockArray<Page>()
    for number in 0..<count { pages.append(Page(number: number)) }
    pages[count - 1].number = -1
    pages[count / 2].number = -2
    let sum = pages.indices.reduce(0) { $0 + pages[$1].number }
    let changed = Set([count - 1, count / 2])
    let expected =
      count * (count - 1) / 2 - changed.reduce(0, +) + (changed.count == 2 ? -3 : -2)
    #expect(sum == expected)
  }

  @Test("appends many at a time over the ends of blocks")
  func repeats() {
    var words = BlockArray<UInt32>(repeating: 7, count: 5)
    words.append(repeating: 8, count: 3_000_000)
    words.append(9)
    #expect(words.count == 3_000_006)
    let counts = words.indices.reduce(into: [UInt32: Int]()) { $0[words[$1], default: 0] += 1 }
    #expect(counts == [7: 5, 8: 3_000_000, 9: 1])
  }

  @Test(
    "zeros are zeros, in small arrays, whole blocks and what follows",
    arguments: [0, 5, 8192, 8193, 2_000_000])
  func zeros(count: Int) {
    var words = BlockArray<UInt64>(zeros: count)
    #expect(words.count == count)
    let areZero = words.indices.allSatisfy { words[$0] == 0 }
    #expect(areZero)
    words.append(1)
    #expect(words[count] == 1)
  }

  @Test("what was taken out is room for what comes")
  func reuse() {
    var words = BlockArray<UInt32>(repeating: 7, count: 3_000_000)
    words.removeAll()
    #expect(words.count == 0)
    words.append(repeating: 8, count: 2_000_000)
    let areNew = words.indices.allSatisfy { words[$0] == 8 }
    #expect(areNew)
    #expect(words.count == 2_000_000)
  }

  @Test(
    "what is taken off the end is gone, and what is before it stays", arguments: [0, 1, 2_999_999])
  func removesLast(kept: Int) {
    var words = BlockArray<UInt32>(repeating: 7, count: 3_000_000)
    words.removeLast(3_000_000 - kept)
    #expect(words.count == kept)
    words.append(8)
    #expect(words[kept] == 8)
    #expect(kept == 0 || words[kept - 1] == 7)
  }

  @Test("a hint about an element that there is not is passed over")
  func prefetch() {
    var words = BlockArray<UInt32>()
    words.prefetch(0)
    words.append(1)
    for index in [0, 1, -1, .max, .min, 1 << 40] { words.prefetch(index) }
    #expect(words[0] == 1)
  }

  @Test("an index that there is not stops the program")
  func bounds() async {
    await #expect(processExitsWith: .failure) {
      let words = BlockArray<UInt32>(repeating: 0, count: 3)
      _ = words[3]
    }
    await #expect(processExitsWith: .failure) {
      var words = BlockArray<UInt32>(repeating: 0, count: 3)
      words[-1] = 1
    }
  }
}
