// Echo on Go's net, a goroutine per connection.
//
// Prints its port, and ends when its stdin is closed. TCP_NODELAY is Go's default, and the backlog is the system's
// (net.core.somaxconn).
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Print(err)
			continue
		}
		go echo(conn)
	}
}

// Not io.Copy(conn, conn): between two sockets, io.Copy splices through a pipe, which costs each waiting connection two
// more descriptors. The buffer has the size of io.Copy's.
func echo(conn net.Conn) {
	defer conn.Close()
	buffer := make([]byte, 32*1024)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return
		}
		if _, err := conn.Write(buffer[:n]); err != nil {
			return
		}
	}
}
