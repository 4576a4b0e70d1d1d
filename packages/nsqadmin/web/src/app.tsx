// What is around every page, and which page is shown at which address.
import { QueryClientProvider } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Route, Router, Switch, useRoute } from 'wouter'
import { ApiError } from './api/client.ts'
import { liveStream } from './api/live.ts'
import { api, basePath } from './api/paths.ts'
import { queryClient, useSession, useSettings } from './api/queries.ts'
import { ChannelPage } from './pages/channel/channel-page.tsx'
import { CounterPage } from './pages/counter-page.tsx'
import { LoginPage } from './pages/login-page.tsx'
import { LookupPage } from './pages/lookup-page.tsx'
import { NodePage } from './pages/node/node-page.tsx'
import { NodesPage } from './pages/nodes-page.tsx'
import { NotFoundPage } from './pages/not-found-page.tsx'
import { OverviewPage } from './pages/overview/overview-page.tsx'
import { TopicPage } from './pages/topic/topic-page.tsx'
import { Header } from './shell/header.tsx'
import { LostContact } from './shell/live-status.tsx'
import { useShortcuts } from './shell/shortcuts.ts'
import { Toasts } from './ui/toasts.tsx'

export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <Router base={basePath}>
        <Frame />
        <Toasts />
      </Router>
    </QueryClientProvider>
  )
}

function Frame() {
  const { data: session, error } = useSession()
  // Whether there are buttons is known before anything is drawn: nothing moves when they come.
  const known = useSettings() !== undefined && session !== undefined
  const mustLogIn = session?.login_required === true && session.role === 'none'
  useLiveStream(session !== undefined && !mustLogIn)
  useShortcuts()
  return (
    <>
      <a
        href={`${location.pathname}#content`}
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:bg-surface focus:px-3 focus:py-2"
      >
        Skip to the content
      </a>
      <Header />
      <LostContact />
      <main id="content" tabIndex={-1} className="mx-auto max-w-[120rem] px-3 pt-4 pb-16 outline-none sm:px-5">
        {mustLogIn ? (
          <LoginPage />
        ) : session === undefined && error !== null ? (
          <Unreachable error={error} />
        ) : (
          known && <Pages />
        )}
      </main>
    </>
  )
}

function Pages() {
  return (
    <Switch>
      <Route path="/">
        <OverviewPage />
      </Route>
      <Route path="/topics">
        <OverviewPage />
      </Route>
      <Route path="/login">
        <OverviewPage />
      </Route>
      <Route path="/topics/:topic">{({ topic }) => <TopicPage key={topic} topic={name(topic)} />}</Route>
      <Route path="/topics/:topic/:channel">
        {({ topic, channel }) => (
          <ChannelPage key={`${topic}/${channel}`} topic={name(topic)} channel={name(channel)} />
        )}
      </Route>
      <Route path="/topics/:topic/:channel/:view">
        {({ topic, channel, view }) =>
          view === 'messages' || view === 'retries' ? (
            <ChannelPage key={`${topic}/${channel}`} topic={name(topic)} channel={name(channel)} view={view} />
          ) : (
            <NotFoundPage />
          )
        }
      </Route>
      <Route path="/nodes">
        <NodesPage />
      </Route>
      <Route path="/nodes/:node">{({ node }) => <NodePage key={node} node={name(node)} />}</Route>
      <Route path="/counter">
        <CounterPage />
      </Route>
      <Route path="/lookup">
        <LookupPage />
      </Route>
      <Route>
        <NotFoundPage />
      </Route>
    </Switch>
  )
}

/** The router leaves what has a meaning in a URL as it was written: `%23`. */
function name(param: string): string {
  try {
    return decodeURIComponent(param)
  } catch {
    return param // not from us: it is looked up as it stands, and not found
  }
}

/** One stream for whatever page is shown, with the channels of the topic that it is about. */
function useLiveStream(allowed: boolean): void {
  const [, topicParams] = useRoute('/topics/:topic/*?')
  const topic = topicParams?.topic === undefined ? undefined : name(topicParams.topic)
  const intervalMs = useSettings()?.live_interval ?? 0
  useEffect(() => {
    liveStream.intervalMs = intervalMs
  }, [intervalMs])
  useEffect(() => {
    liveStream.onRefused = () => void queryClient.invalidateQueries({ queryKey: [api.session] })
    if (allowed) liveStream.open(topic)
    else liveStream.close()
  }, [allowed, topic])
}

function Unreachable({ error }: { error: Error }) {
  return (
    <p role="alert" className="mx-auto mt-[20vh] max-w-md text-center text-ink-2">
      {error instanceof ApiError ? error.message : 'Something went wrong.'} Trying again.
    </p>
  )
}
