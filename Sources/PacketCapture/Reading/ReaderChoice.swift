/// Which reader takes a capture file.
public enum ReaderChoice: Sendable, Hashable {
  /// The walk of this library over pcap and pcapng, several times as fast as libpcap's.
  case automatic
  /// libpcap, which gives the same frames but refuses pcapng files whose interfaces differ in
  /// link type.
  case libpcap
}
