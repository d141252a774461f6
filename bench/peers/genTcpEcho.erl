%% Echo on gen_tcp, a process per connection.
%%
%% Prints its port, and ends when its stdin is closed. It isn't called gen_tcp.erl, for that module is OTP's.
-module(genTcpEcho).
-export([main/0]).

main() ->
    {ok, Listener} = gen_tcp:listen(0, [
        binary,
        {active, false},
        {backlog, 4096},
        %% Node and Twisted read as much at once; the default of 1460 bytes takes 45 reads for 64 KiB
        {buffer, 64 * 1024},
        {ip, {127, 0, 0, 1}},
        {nodelay, true}
    ]),
    {ok, Port} = inet:port(Listener),
    spawn_link(fun() -> accept(Listener) end),
    io:format("~b~n", [Port]),
    wait_for_end().

%% The process that accepts a connection also serves it, because a socket belongs to the process that accepted it. A new
%% process accepts the next connection.
accept(Listener) ->
    case gen_tcp:accept(Listener) of
        {ok, Socket} ->
            spawn(fun() -> accept(Listener) end),
            echo(Socket);
        {error, _} ->
            accept(Listener)
    end.

echo(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, Data} ->
            %% if this fails, the next recv fails, too
            _ = gen_tcp:send(Socket, Data),
            echo(Socket);
        {error, _} ->
            gen_tcp:close(Socket)
    end.

wait_for_end() ->
    case io:get_line("") of
        Line when is_list(Line) -> wait_for_end();
        _ -> halt(0)
    end.
