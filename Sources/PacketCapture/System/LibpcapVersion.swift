internal import CLibpcap

/// The libpcap that is in use, in its own words.
package func libpcapVersion() -> String {
  // A string of libpcap's that stays and ends.
  unsafe String(cString: pcap_lib_version())
}
