"""
Echo on Twisted, a protocol object per connection.

Prints its port, and ends when its stdin is closed. It isn't called twisted.py, for then it would import itself.
"""

from twisted.internet import reactor, stdio
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol
from zope.interface import implementer


@implementer(IHalfCloseableProtocol)
class Echo(Protocol):
    def connectionMade(self):
        self.transport.setTcpNoDelay(True)
        # no bytes are read from a client that doesn't read
        self.transport.registerProducer(self.transport, True)

    def dataReceived(self, data):
        self.transport.write(data)

    # without half-close Twisted would drop what is still to be sent
    def readConnectionLost(self):
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def writeConnectionLost(self):
        pass


class Stdin(Protocol):
    def connectionLost(self, reason):
        # stdin is also lost when a signal has stopped the reactor
        if reactor.running:
            reactor.stop()


# the default reactor is epoll on Linux
port = reactor.listenTCP(0, Factory.forProtocol(Echo), backlog=4096, interface="127.0.0.1")
print(port.getHost().port, flush=True)
stdio.StandardIO(Stdin())
reactor.run()
