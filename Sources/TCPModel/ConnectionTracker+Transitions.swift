internal import DequeModule

extension ConnectionTracker {
  /// Puts a change of state in line to be handed out.
  mutating func watch(_ transition: Transition, of place: UInt32) {
    guard options.watchesTransitions else { return }
    watchedTransitions.append((connections[place].id, place, transition))
  }

  /// The next change of state that nobody was told of yet, and its connection as it stands; nil if
  /// there is none. One that is taken back comes again, with `revokedBy` set.
  ///
  /// To be called until it returns nil before connections are collected with `nextSettled`: what
  /// is collected has no more to tell.
  public mutating func nextTransition() -> (connection: Connection, transition: Transition)? {
    while let next = watchedTransitions.popFirst() {
      let connection = connections[next.place]
      if connection.id == next.id { return (connection, next.transition) }
    }
    return nil
  }
}
